"""Rewrites every template of the corpus and prints how it went.

    python benchmarks/corpus.py [--core] [--lint] [--jobs N] [--json] [FILE ...]

The corpus lies beside the checkout, at ../shared/corpus, and is only read.
Exit status 1 when something does not hold.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from transform_corpus import main  # found through the path above

if __name__ == "__main__":
    sys.exit(main())
