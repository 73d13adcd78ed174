"""The Receptive fields lab."""
