"""The course page: its stops, one idea a file."""
