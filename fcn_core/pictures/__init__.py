"""Photos, images of other channels, and label maps, read from files."""
