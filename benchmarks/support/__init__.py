"""What the benchmarks share: a broker, raw clients, processes, statistics, reports.

What the tests have as well they take from there: a proxy that counts, a look at processes.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "support"))
