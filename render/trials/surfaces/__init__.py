"""Places to which words from outside come, and hostile words for each of them."""
