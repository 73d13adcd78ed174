"""Measurements: one runnable file per question, each printing tables with ratios."""
