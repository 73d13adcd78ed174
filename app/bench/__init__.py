"""The bench: picture, ground truth, weights, result."""
