"""The Data page, and what others need to choose a data set."""
