"""The Skip fusion lab: its views, one file each."""
