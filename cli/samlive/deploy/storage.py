"""Large payloads in samlive's bucket; the relay's `Storage`, by the one door to AWS.

The bucket is made when the first payload needs it. Names get a prefix of
their own, whose objects expire after a day.
"""

import threading

from samlive.deploy import bucket
from samlive.deploy.aws import Aws

URL_SECONDS = 300
"""A URL is used at once; the rest is for a slow connection."""


class BucketStorage:
    """Objects for a short while.

    Args:
        aws: The account.
        account: Its id.
    """

    def __init__(self, aws: Aws, account: str) -> None:
        self._aws = aws
        self._account = account
        self._bucket = bucket.name(account, aws.region)
        self._lock = threading.Lock()
        self._there = False

    def presign(self, method: str, name: str) -> tuple[str, dict[str, str]]:
        """Return a signed URL and its headers; see the relay's `Storage`."""
        self._ensure()
        key = self._key(name)
        return self._aws.presign(method, self._bucket, key, self._account, URL_SECONDS)

    def put(self, name: str, content: bytes) -> None:
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
            self._there = True

    @staticmethod
    def _key(name: str) -> str:
        return bucket.PAYLOADS + name
