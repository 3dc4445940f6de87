"""A policy for the three workers, trained in the village on their shared return."""
