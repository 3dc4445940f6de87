"""Draws recordings: the stage, its components, the scenes, and the pipeline that publishes them."""
