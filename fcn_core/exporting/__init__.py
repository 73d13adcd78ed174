"""Results and networks as files."""
