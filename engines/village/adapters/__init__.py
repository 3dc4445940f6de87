"""The village in the formats of libraries that train and test agents. Each needs an extra of its own."""
