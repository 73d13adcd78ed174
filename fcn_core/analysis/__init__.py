"""What a network did, taken apart."""
