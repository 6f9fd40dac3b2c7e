"""Measures on real sizes: `make bench`."""
