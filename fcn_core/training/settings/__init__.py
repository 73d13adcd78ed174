"""Everything that can be set about a run: groups, recipes, stages."""
