"""`python -m samlive` is the command."""

import sys

from samlive.cli import main

if __name__ == "__main__":
    sys.exit(main())
