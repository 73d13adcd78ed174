"""Synthetic street scenes with exact label maps."""
