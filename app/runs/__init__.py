"""The Live and Runs pages."""
