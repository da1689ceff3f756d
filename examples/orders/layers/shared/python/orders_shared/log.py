"""One way to log: a line of text with the fields that belong to it."""

import logging
import os


def logger(name: str) -> logging.Logger:
    """Return the named logger at the level that the stack asks for."""
    log = logging.getLogger(name)
    log.setLevel(os.environ.get("LOG_LEVEL", "INFO"))
    return log
