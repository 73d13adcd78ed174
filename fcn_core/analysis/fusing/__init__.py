"""The sum of the skips, taken apart."""
