"""Training of the scan's networks."""
