"""Where the cells of every layer look, and the crops that follow."""
