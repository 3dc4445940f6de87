"""Scripts that train an agent of the village from outside, with what the package documents: copy one and change it."""
