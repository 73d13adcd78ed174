"""Settings, loop, evaluation and run folder."""
