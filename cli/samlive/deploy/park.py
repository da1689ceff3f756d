"""Lets queues and streams wait while nobody listens, and lets them go again.

A stub that finds no relay fails its invocation. A queue then counts a receive
and may give the message up to its dead-letter queue over a lunch break, and a
stream retries until a record expires. So a session that ends *parks* its
stage: the event source mappings of live functions are disabled, and what they
would have delivered waits where it is.

    park     note which mappings are enabled; then disable them
    unpark   enable those that were noted; then remove the note

The note is written before the first change and removed after the last one, and
both ways may be repeated: whatever is interrupted, the next `samlive dev`, or
`samlive unpark`, finds the note and finishes. It lies in samlive's bucket, so
that another machine finds it too. A mapping that the user had disabled is not
noted, hence never enabled.
"""

import json
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from samlive.deploy import bucket
from samlive.deploy.aws import Aws
from samlive.deploy.faults import AwsError

AT_ONCE = 8
_ON = ("Creating", "Enabled", "Enabling", "Updating")
_NO_NOTE = ("404", "NoSuchBucket", "NoSuchKey")
_GONE = "ResourceNotFoundException"
_BUSY = "ResourceInUseException"
_PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Between attempts while a mapping is being created or changed (seconds)."""


class Parking:
    """Parks and unparks one stage.

    Args:
        aws: The account.
        account: Its number, which must own the bucket.
        app: Name of the application.
        stage: Name of the stage.
        stack: Name of the stage's stack.
    """

    def __init__(self, aws: Aws, account: str, app: str, stage: str, stack: str) -> None:
        self._aws = aws
        self._account = account
        self._bucket = bucket.name(account, aws.region)
        self._key = f"{bucket.PARKED}{app}/{stage}.json"
        self._stack = stack

    def park(self, live: Collection[str]) -> int:
        """Disable the mappings of live functions; return how many are disabled now.

        Args:
            live: Logical ids of live functions, nested ones as "Child/Function".
        """
        functions, mappings = _sort(dict(self._resources(self._stack, "")))
        names = {name for logical_id, name in functions.items() if logical_id in live}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            states = zip(mappings, pool.map(self._aws.mapping, mappings), strict=True)
            enabled = [
                uuid
                for uuid, found in states
                if found and _feeds(found, names) and found["State"] in _ON
            ]
        noted = self.noted()
        if not enabled:
            return len(noted)
        self._note(sorted({*noted, *enabled}))
        self._set(enabled, enabled=False)
        return len({*noted, *enabled})

    def unpark(self) -> int:
        """Enable what was parked; return how many mappings that are."""
        noted = self.noted()
        if noted:
            self._set(noted, enabled=True)
            self._aws.delete_object(self._bucket, self._key, self._account)
        return len(noted)

    def noted(self) -> list[str]:
        """Return the mappings that were parked and not enabled since."""
        try:
            content = self._aws.get_object(self._bucket, self._key, self._account)
        except AwsError as error:
            if error.code in _NO_NOTE:
                return []
            raise
        return [str(uuid) for uuid in json.loads(content)["mappings"]]

    def _note(self, uuids: list[str]) -> None:
        if not self._aws.bucket_exists(self._bucket, self._account):
            self._aws.make_bucket(self._bucket, self._account, bucket.lifecycle())
        content = json.dumps({"stack": self._stack, "mappings": uuids}).encode()
        self._aws.put_object(self._bucket, self._key, content, self._account)

    def _set(self, uuids: list[str], enabled: bool) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(self._switch, uuid, enabled) for uuid in uuids]:
                done.result()

    def _switch(self, uuid: str, enabled: bool) -> None:
        for pause in (*_PAUSES, None):
            try:
                self._aws.enable_mapping(uuid, enabled)
                return
            except AwsError as error:
                if error.code == _GONE:
                    return  # a redeploy or the user removed it: nothing waits there any more
                if error.code != _BUSY or pause is None:
                    raise
            time.sleep(pause)

    def _resources(self, stack: str, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for resource in self._aws.stack_resources(stack):
            logical_id = f"{path}{resource['LogicalResourceId']}"
            if not resource.get("PhysicalResourceId"):
                continue
            if resource["ResourceType"] == "AWS::CloudFormation::Stack":
                yield from self._resources(resource["PhysicalResourceId"], f"{logical_id}/")
            else:
                yield logical_id, resource


def _sort(resources: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, str], list[str]]:
    """Return physical names of functions by logical id, and ids of mappings."""
    functions, mappings = {}, []
    for logical_id, resource in resources.items():
        if resource["ResourceType"] == "AWS::Lambda::Function":
            functions[logical_id] = str(resource["PhysicalResourceId"])
        elif resource["ResourceType"] == "AWS::Lambda::EventSourceMapping":
            mappings.append(str(resource["PhysicalResourceId"]))
    return functions, mappings


def _feeds(mapping: Mapping[str, Any], names: Collection[str]) -> bool:
    # arn:aws:lambda:<region>:<account>:function:<name>[:<alias>]
    parts = str(mapping["FunctionArn"]).split(":")
    return len(parts) > 6 and parts[6] in names
