"""Long commands made short, to be killed at chance moments and started again."""
