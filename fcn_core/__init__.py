"""FCN Lab: fully convolutional networks for semantic segmentation, to use, understand and train."""
