"""Dense answers from classifiers: patches, one pass, stitching, sampling."""
