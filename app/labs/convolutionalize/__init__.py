"""The Convolutionalize lab: its views, one file each."""
