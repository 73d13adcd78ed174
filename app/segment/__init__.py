"""The views of the Segment page, one file each. Every `show` draws one view of a `Case`."""
