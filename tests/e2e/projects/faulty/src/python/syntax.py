"""A colon is missing."""


def handler(event, context)
    return event
