"""The Transposed convolution lab: its views, one file each."""
