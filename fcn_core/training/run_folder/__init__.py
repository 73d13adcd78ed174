"""The run folder: its writers and its readers."""
