"""The components of the village's scene."""
