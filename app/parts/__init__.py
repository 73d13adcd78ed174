"""Charts, pictures and browser parts that know nothing of the pages."""
