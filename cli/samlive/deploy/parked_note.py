"""What parking changed, and what was there before: written before the first change.

The note lies in samlive's bucket, so that another machine finds it too. A stage
without a note is not parked.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from samlive.deploy import bucket
from samlive.deploy.aws import Aws
from samlive.deploy.faults import AwsError

_ABSENT = ("404", "NoSuchBucket", "NoSuchKey")


@dataclass(frozen=True, slots=True)
class Held:
    """A function whose events wait, as it was before.

    Args:
        name: Its physical name.
        concurrency: Its reserved concurrency; None when it had none.
        configs: Its event invoke configs by version or alias, "" for the newest
            version; None where there was none.
    """

    name: str
    concurrency: int | None = None
    configs: Mapping[str, dict[str, Any] | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """All that a parked stage has to get back.

    Args:
        mappings: Event source mappings that were disabled.
        functions: Functions that were held.
        waiting: Names of functions whose events may still be in the stage's queue.
    """

    mappings: tuple[str, ...] = ()
    functions: tuple[Held, ...] = ()
    waiting: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.mappings or self.functions or self.waiting)

    def encode(self, stack: str) -> bytes:
        """Return the text to keep; the stack's name is for people who find it."""
        return json.dumps(
            {
                "stack": stack,
                "mappings": list(self.mappings),
                "functions": [
                    {"name": f.name, "concurrency": f.concurrency, "configs": dict(f.configs)}
                    for f in self.functions
                ],
                "waiting": list(self.waiting),
            }
        ).encode()

    @classmethod
    def decode(cls, text: bytes) -> "Note":
        """Read what was kept; notes of before know mappings alone."""
        found = json.loads(text)
        return cls(
            tuple(found["mappings"]),
            tuple(
                Held(each["name"], each["concurrency"], each["configs"])
                for each in found.get("functions", [])
            ),
            tuple(found.get("waiting", [])),
        )


class NoteStore:
    """The note of one stage.

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

    def read(self) -> Note:
        """Return the note; an empty one when there is none."""
        try:
            return Note.decode(self._aws.get_object(self._bucket, self._key, self._account))
        except AwsError as error:
            if error.code in _ABSENT:
                return Note()
            raise

    def write(self, note: Note) -> None:
        """Keep a note, or remove it when it is empty."""
        if not note:
            self._aws.delete_object(self._bucket, self._key, self._account)
            return
        if not self._aws.bucket_exists(self._bucket, self._account):
            self._aws.make_bucket(self._bucket, self._account, bucket.lifecycle())
        content = note.encode(self._stack)
        self._aws.put_object(self._bucket, self._key, content, self._account)
