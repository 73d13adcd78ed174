"""Exact arithmetic and tensor operations that the networks are made of."""
