"""The Alignment lab: its views, one file each."""
