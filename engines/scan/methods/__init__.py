"""Methods of reconstruction, and the protocol by which the benchmark asks each of them."""
