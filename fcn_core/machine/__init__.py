"""What differs between machines: files, downloads, memory."""
