"""The table that all functions of the project use."""

import functools
import os
from typing import Any

import boto3


@functools.cache
def table() -> Any:
    """Return the notes' table."""
    return boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
