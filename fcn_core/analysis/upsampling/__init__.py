"""Enlarging maps, kernels and overlap."""
