"""Training of the score network."""
