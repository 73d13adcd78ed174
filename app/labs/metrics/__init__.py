"""The Metrics and imbalance lab: its views, one file each."""
