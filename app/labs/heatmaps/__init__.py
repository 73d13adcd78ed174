"""The four views of the Heatmaps page, one file each. Every `show` draws one view of a `Case`."""
