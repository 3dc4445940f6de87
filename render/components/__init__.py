"""The components of scenes. Each draws with a `Pen` and keeps no state."""
