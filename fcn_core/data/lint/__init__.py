"""What is wrong with a data set, and how to mend it."""
