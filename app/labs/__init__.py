"""The labs of the section Understand: a folder each."""
