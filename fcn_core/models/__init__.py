"""Trunks and the one FCN class."""
