"""What a file system may not like in a name."""

ODD = r"[^\w.+()-]+"
"""As a regular expression: runs of anything but letters, digits and . _ + ( ) -."""
