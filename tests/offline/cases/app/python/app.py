"""A kept function that does what its event says."""

import logging
import os
import pathlib
import sys
import time

logging.getLogger().setLevel(logging.INFO)
calls = 0


def handler(event, context):
    global calls
    calls += 1
    act = event.get("act", "describe")
    if act == "describe":
        return {
            "variables": dict(os.environ),
            "argv": sys.argv,
            "path": sys.path,
            "cwd": os.getcwd(),
            "calls": calls,
            "pid": os.getpid(),
            "request_id": context.aws_request_id,
            "arn": context.invoked_function_arn,
            "left_ms": context.get_remaining_time_in_millis(),
        }
    if act == "raise":
        raise LookupError("no such thing")
    if act == "sleep":
        time.sleep(event["seconds"])
        return os.getpid()
    if act == "meet":
        # Answers when so many calls are here at the same time.
        pathlib.Path(event["folder"], context.aws_request_id).touch()
        while len(os.listdir(event["folder"])) < event["count"]:
            time.sleep(0.01)
        return os.getpid()
    if act == "exit":
        os._exit(event["status"])
    if act == "large":
        return "x" * event["size"]
    if act == "log":
        logging.getLogger(__name__).info("a line")
        print("another line")
        return None
    if act == "unencodable":
        return object()
    if act == "import":
        __import__(event["module"])
        return True
    return event
