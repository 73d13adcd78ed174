"""The training loop and what it works with: data stream, losses, optimiser, processes, journal."""
