"""`python -m fcn_core`: everything of FCN Lab without a browser."""

from __future__ import annotations

import sys

from fcn_core.cli.program import main

if __name__ == "__main__":
    sys.exit(main())
