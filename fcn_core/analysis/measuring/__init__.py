"""What measures of segmentation count, and where they mislead."""
