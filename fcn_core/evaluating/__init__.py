"""Measures over a labelled data set."""
