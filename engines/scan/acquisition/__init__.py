"""The acquisition of a scan: k-space as a scanner measures it."""
