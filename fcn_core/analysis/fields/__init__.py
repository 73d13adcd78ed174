"""Receptive fields, in theory and in effect."""
