"""Readers of files and texts from outside: one module for each family, each with readers and bad input for them."""
