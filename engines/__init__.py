"""Engines run real systems offline and record them. They draw nothing."""
