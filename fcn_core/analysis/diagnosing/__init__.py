"""Known faults of training and measuring, told by their signs."""
