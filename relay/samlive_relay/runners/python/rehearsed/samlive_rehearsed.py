"""A function of nobody's: what a waiting process imports and calls, see `samlive_runner.rehearsal`.

What usual handlers are made of, so that compiling one has been done before.
"""

import json

NAMES = {"one": 1, "two": 2}


class Thing:
    """Holds a value."""

    def __init__(self, value: object) -> None:
        self.value = value


def handler(event: object, context: object) -> object:
    """Answer as a handler behind an API does."""
    try:
        things = [Thing(f"{name} of {event}") for name in sorted(NAMES)]
        return {"statusCode": 200, "body": json.dumps([thing.value for thing in things])}
    except ValueError as problem:
        raise RuntimeError("never") from problem
