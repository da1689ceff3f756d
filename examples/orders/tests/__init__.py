"""Unit tests: `python -m unittest` in the project's folder. No AWS account needed.

The functions are found as Lambda finds them: each folder of code and the
layer's `python/` are on the import path.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

for _folder in ("admin", "orders_api", "report", "seed", "stream", "worker"):
    sys.path.insert(0, str(ROOT / "src" / _folder))
sys.path.insert(0, str(ROOT / "layers" / "shared" / "python"))

os.environ.update(
    AWS_ACCESS_KEY_ID="none",
    AWS_SECRET_ACCESS_KEY="none",
    AWS_DEFAULT_REGION="eu-central-1",
    CURRENCY="EUR",
    ORDERS_TABLE="orders",
    PRODUCTS_TABLE="products",
    FULFILMENT_QUEUE_URL="https://sqs.eu-central-1.amazonaws.com/123456789012/fulfilment",
)
