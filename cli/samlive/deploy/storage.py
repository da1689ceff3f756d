"""Large payloads in samlive's bucket; the relay's `Storage`, by the one door to AWS.

The bucket is made when the first payload needs it. Names get a prefix of
their own, whose objects expire after a day. A bucket that was made before there
was a rule for that gets it then, once; rules of others stay as they are.
"""

import threading
from typing import Protocol

from samlive.deploy import bucket
from samlive.deploy.aws import Aws
from samlive.deploy.faults import AwsError

_DENIED = ("AccessDenied", "403")
URL_SECONDS = 300
"""A URL is used at once; the rest is for a slow connection."""


class Memory(Protocol):
    """Remembers from session to session which buckets are as they should be."""

    def knows_bucket(self, name: str) -> bool:
        """Tell whether a bucket is."""

    def remember_bucket(self, name: str) -> None:
        """Remember that it is."""


class BucketStorage:
    """Objects for a short while.

    Args:
        aws: The account.
        account: Its id.
        memory: What is remembered of buckets.
    """

    def __init__(self, aws: Aws, account: str, memory: Memory) -> None:
        self._aws = aws
        self._account = account
        self._memory = memory
        self._bucket = bucket.name(account, aws.region)
        self._lock = threading.Lock()
        self._there = False

    def presign(self, method: str, name: str) -> tuple[str, dict[str, str]]:
        """Return a signed URL and its headers; see the relay's `Storage`."""
        self._ensure()
        key = self._key(name)
        return self._aws.presign(method, self._bucket, key, self._account, URL_SECONDS)

    def put(self, name: str, content: bytes | bytearray) -> None:
        """Keep an object."""
        self._ensure()
        self._aws.put_object(self._bucket, self._key(name), content, self._account)

    def get(self, name: str, limit: int) -> bytes:
        """Return an object's content, at most `limit` bytes and one more."""
        return self._aws.get_object(self._bucket, self._key(name), self._account, limit + 1)

    def delete(self, name: str) -> None:
        """Forget an object."""
        self._aws.delete_object(self._bucket, self._key(name), self._account)

    def _ensure(self) -> None:
        with self._lock:
            if self._there:
                return
            if not self._aws.bucket_exists(self._bucket, self._account):
                self._aws.make_bucket(self._bucket, self._account, bucket.lifecycle())
                self._memory.remember_bucket(self._bucket)
            elif not self._memory.knows_bucket(self._bucket):
                self._complete()
            self._there = True

    def _complete(self) -> None:
        """Add the rules that a bucket of before lacks."""
        try:
            found = self._aws.lifecycle(self._bucket, self._account)
            if lacking := bucket.missing(found["Rules"]):
                whole = {**found, "Rules": [*found["Rules"], *lacking]}
                self._aws.set_lifecycle(self._bucket, self._account, whole)
        except AwsError as error:
            if error.code not in _DENIED:
                raise
            return  # whoever may not do it goes on: objects are deleted after use anyway
        self._memory.remember_bucket(self._bucket)

    @staticmethod
    def _key(name: str) -> str:
        return bucket.PAYLOADS + name
