"""Volumes: whose they are, how they are laid on one grid, and what the networks learn from."""
