"""The simulated scanner: masks, coils, the forward operator, and coils estimated from a scan."""
