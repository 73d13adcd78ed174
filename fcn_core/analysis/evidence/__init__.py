"""What made a score: heatmaps, layers, gradients, occlusion."""
