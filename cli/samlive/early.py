"""Connects to a stage before the account is asked, from what the last session wrote down.

    record and key of the stage -> a connection that has subscribed, announced to nobody
    the account agrees             the session goes live over it
    it does not                    it is closed, and the session connects as at the first time

Nothing is taken for granted that matters: a relay that has not announced itself
gets no request and holds no stage, and it is announced only when the account has
said that the stack is ours, with the same key and at the same endpoint. What is
saved is time: the handshake, and the wait for another session's presence, pass
while the account is asked.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from samlive.access import Access
from samlive.serving import Way
from samlive.settings import Settings
from samlive.state import StageState

if TYPE_CHECKING:
    from samlive.deploy.aws import Aws
    from samlive_relay.config import AwsCredentials, Broker
    from samlive_relay.relay import Relay
    from samlive_relay.storage import Storage

_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a stage was when its last session wrote it down.

    Args:
        stack: Name of the stack.
        region: Region of the stack.
        endpoint: Host of the IoT data endpoint.
        iot_region: Region of that endpoint.
        key: The stage's key.
    """

    stack: str
    region: str
    endpoint: str
    iot_region: str
    key: bytes = field(repr=False)


def recorded(settings: Settings, state: StageState, access: Access) -> Recorded | None:
    """Return where the stage was, unless the user means another place now.

    Args:
        settings: What the user wants.
        state: What is known of the stage.
        access: How the account is reached.
    """
    from samlive.deploy.key import decode

    record = state.record
    names = ("stack", "region", "endpoint", "iot_region")
    if not all(isinstance(record.get(name), str) for name in names):
        return None
    meant = {
        "app": settings.app,
        "stack": settings.text("stack_name"),
        "region": settings.text("region") or _region(access.environment),
        "iot_region": settings.text("iot_region"),
    }
    if any(wanted and wanted != record.get(name) for name, wanted in meant.items()):
        return None
    if record.get("endpoint_url") != access.endpoint_url:
        return None
    try:
        key = decode(state.key or "")
    except ValueError:
        return None
    stack, region, endpoint, iot_region = (str(record[name]) for name in names)
    return Recorded(stack, region, endpoint, iot_region, key)


class Account:
    """The account, for whichever thread needs it first: to import boto3 takes its time.

    Args:
        access: How it is reached.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._aws: Aws | None = None

    def __call__(self) -> "Aws":
        """Return the account.

        Raises:
            AwsError: The profile does not exist.
        """
        from samlive.deploy.aws import Aws

        with self._lock:
            if self._aws is None:
                self._aws = Aws(self._access)
            return self._aws


class Credentials:
    """Credentials of the handshake: at first without, later as the session has them.

    Those in the environment are used as they are, unless a profile is named, which
    goes before them in AWS's tools too. All others are for AWS's own library to find.

    Args:
        settings: What the user wants.
        access: How the account is reached.
        account: The account.
    """

    def __init__(self, settings: Settings, access: Access, account: Account) -> None:
        self._profile = settings.text("profile")
        self._variables = access.environment
        self._account = account
        self._later: Callable[[], AwsCredentials] | None = None

    def __call__(self) -> "AwsCredentials":
        """Return them as they are now.

        Raises:
            AwsError: There are none.
            RelayError: They cannot be renewed.
        """
        from samlive_relay.config import AwsCredentials

        if self._later is not None:
            return self._later()
        variables = self._variables
        key, secret = variables.get("AWS_ACCESS_KEY_ID"), variables.get("AWS_SECRET_ACCESS_KEY")
        if key and secret and not self._profile:
            return AwsCredentials(key, secret, variables.get("AWS_SESSION_TOKEN") or None)
        keys = self._account().keys()
        return AwsCredentials(keys.access_key_id, keys.secret_access_key, keys.session_token)

    def become(self, find: "Callable[[], AwsCredentials]") -> None:
        """Have them found the session's own way from now on."""
        self._later = find


def way(
    where: Recorded,
    access: Access,
    credentials: Credentials,
    storage: "Callable[[], Storage]",
) -> Way:
    """Return how a stage is reached when it is where it was.

    Args:
        where: Where it was.
        access: How the account is reached.
        credentials: Credentials of the handshake.
        storage: Returns the storage; called once the account has been asked.
    """
    from samlive_relay.config import Broker

    proxy = access.proxy(where.endpoint)
    broker = Broker(where.endpoint, where.iot_region, credentials, access.ca_file, proxy)
    return Way(broker, where.key, LateStorage(storage))


class Early:
    """A connection that is under way while the account is asked.

    Args:
        where: What it is made from.
        relay: Connects; has not been started.
        credentials: What it connects with; the session's own once it is taken.
    """

    def __init__(self, where: Recorded, relay: "Relay", credentials: Credentials) -> None:
        self.where = where
        self._credentials = credentials
        self._relay: Relay | None = relay
        self._task = asyncio.ensure_future(relay.open())

    async def take(self, broker: "Broker", key: bytes) -> "Relay | None":
        """Return the connected relay when the account agrees with what it was made from.

        Args:
            broker: How AWS IoT is reached, as the account says.
            key: The stage's key.
        """
        where = self.where
        said = (broker.endpoint, broker.region, key)
        if said != (where.endpoint, where.iot_region, where.key):
            await self.drop()
            return None
        await asyncio.wait([self._task])
        if self._task.cancelled() or self._task.exception():
            self._relay = None  # connecting again says what is wrong, if anything still is
        self._credentials.become(broker.credentials)
        relay, self._relay = self._relay, None
        return relay

    async def drop(self) -> None:
        """Close the connection, unless the session has taken it."""
        relay, self._relay = self._relay, None
        if relay is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self._task
            await relay.stop(drain_seconds=0)


class LateStorage:
    """The storage of a session that does not have it yet; asked for after its start alone.

    Args:
        find: Returns the storage.
    """

    def __init__(self, find: "Callable[[], Storage]") -> None:
        self._find = find
        self._found: Storage | None = None

    @property
    def _storage(self) -> "Storage":
        if self._found is None:
            self._found = self._find()
        return self._found

    def presign(self, method: str, name: str) -> tuple[str, dict[str, str]]:
        """Return a URL that allows one call, and the headers it needs."""
        return self._storage.presign(method, name)

    def put(self, name: str, content: bytes | bytearray) -> None:
        """Keep an object."""
        self._storage.put(name, content)

    def get(self, name: str, limit: int) -> bytes:
        """Return an object's content."""
        return self._storage.get(name, limit)

    def delete(self, name: str) -> None:
        """Forget an object."""
        self._storage.delete(name)


def _region(variables: Mapping[str, str]) -> str | None:
    return next((variables[name] for name in _REGIONS if variables.get(name)), None)
