"""From a photo to labels, and how sure they are."""
