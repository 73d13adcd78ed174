"""Data sets and what is done to a sample before the network sees it."""
