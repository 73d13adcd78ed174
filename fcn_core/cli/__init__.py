"""The command line: one file per command, each a plain typed function whose docstring is its help."""
