"""Does what the event says."""

import hashlib
import os
import time
import uuid

VERSION = "one"
ENVIRONMENT = uuid.uuid4().hex
calls = 0
seen = {}


class LabError(Exception):
    pass


def handler(event, context):
    global calls
    calls += 1
    action = event["action"]
    if action == "echo":
        return {"echo": event.get("value"), "version": VERSION, "calls": calls}
    if action == "fail":
        raise LabError(event["message"])
    if action == "exit":
        os._exit(event["status"])
    if action == "sleep":
        time.sleep(event["seconds"])
        return {"echo": event.get("value"), "environment": ENVIRONMENT}
    if action == "digest":
        data = event["value"].encode()
        return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    if action == "same":
        seen["sha256"] = hashlib.sha256(event["value"].encode()).hexdigest()
        return event["value"]
    if action == "seen":
        return seen
    if action == "repeat":
        return event["value"] * event["times"]
    if action == "environment":
        return {name: os.environ.get(name) for name in event["names"]}
    if action == "context":
        return {
            "name": context.function_name,
            "arn": context.invoked_function_arn,
            "memory": context.memory_limit_in_mb,
            "remaining": context.get_remaining_time_in_millis(),
            "request": context.aws_request_id,
            "log_stream": context.log_stream_name,
        }
    if action == "whoami":
        import boto3

        return boto3.client("sts").get_caller_identity()["Arn"]
    raise ValueError(action)
