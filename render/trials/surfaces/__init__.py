"""Where words from outside come up, and hostile words for each place."""
