"""How calls to AWS are made: one session, a client for each service, errors in our words.

Nothing else imports boto3. A client is made at its first use (each costs tens
of milliseconds) and honours what AWS's own tools honour: profile, region,
AWS_ENDPOINT_URL, CA bundle, proxies, retries. When the environment is not the
process's own (the embedded cloud's), the user's AWS files are out of sight.
Exceptions leave as `AwsError`.
"""

import getpass
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from samlive.access import Access
from samlive.deploy import faults
from samlive.deploy.faults import AwsError

CONNECT_SECONDS = 5
READ_SECONDS = 30
ATTEMPTS = 4
HTTP_OK = 200
ROLE_SESSIONS = "~/.aws/cli/cache"


@dataclass(frozen=True, slots=True)
class Keys:
    """Credentials as they are now."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


class Clients:
    """Calls of one account and region; what is asked stands in the classes built on it.

    Args:
        access: How to reach it.

    Raises:
        AwsError: The profile does not exist.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._lock = threading.Lock()
        with self._told("session"):
            self._session = _session(access)
            self._stamp = _files_stamp(self._session)

    @property
    def region(self) -> str:
        """Region of the stack.

        Raises:
            AwsError: Nobody names one.
        """
        region: str | None = self._session.region_name
        if not region:
            raise faults.no_region()
        return region

    def regions(self, service: str) -> list[str]:
        """Return the regions of all partitions in which a service is offered."""
        found: list[str] = []
        for partition in self._session.get_available_partitions():
            found += self._session.get_available_regions(service, partition)
        return sorted(found)

    def keys(self) -> Keys:
        """Return the current credentials, renewed when they can be.

        Raises:
            AwsError: There are none, or they cannot be renewed.
        """
        from botocore.exceptions import NoCredentialsError

        with self._told("credentials"):
            found = self._session.get_credentials()
            if found is None:
                raise NoCredentialsError
            frozen = found.get_frozen_credentials()
        return Keys(frozen.access_key, frozen.secret_key, frozen.token)

    def renewed_keys(self) -> Keys:
        """Return the credentials as they are now, wherever somebody may have renewed them.

        botocore renews what it knows how to renew, but reads a file once that another
        tool may write. From here on every call uses what is found.

        Raises:
            AwsError: There are none, or they are still expired.
        """
        stamp = _files_stamp(self._session)
        if stamp != self._stamp:
            self._stamp = stamp
            with self._told("session"):
                fresh = _session(self.access)
            with self._lock:
                self._session = fresh
                self._clients.clear()
        return self.keys()

    def _call(
        self, service: str, operation: str, *, region: str | None = None, **parameters: Any
    ) -> Any:
        name = f"{service}:{operation.title().replace('_', '')}"
        with self._told(name):
            method: Callable[..., Any] = getattr(self._client(service, region), operation)
            return method(**parameters)

    def _client(self, service: str, region: str | None = None, address: str | None = None) -> Any:
        """Return a service's client, made at its first use.

        Args:
            service: Its name as botocore has it.
            region: Its region when it is not the stack's.
            address: Its URL when botocore cannot know it.
        """
        with self._lock:  # a boto3 session must not make two clients at once
            key = (service, region)
            if key not in self._clients:
                further = _client_settings(self.access, service)
                further |= {"endpoint_url": address} if address else {}
                self._clients[key] = self._session.client(
                    service, region_name=region or self.region, **further
                )
            return self._clients[key]

    def _download(self, url: str, call: str) -> bytes:
        """Return what a signed URL of AWS leads to, through the same proxies and certificates."""
        from botocore.awsrequest import AWSRequest
        from botocore.httpsession import URLLib3Session

        verify = str(self.access.ca_file) if self.access.ca_file else True
        with self._told(call):
            session = URLLib3Session(
                verify=verify,
                proxies=self.access.proxies(url),
                timeout=(CONNECT_SECONDS, READ_SECONDS),
            )
            answer = session.send(AWSRequest("GET", url).prepare())
        if answer.status_code != HTTP_OK:
            raise AwsError(f"{call} failed: its URL answers {answer.status_code}")
        content: bytes = answer.content
        return content

    @contextmanager
    def _told(self, call: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        try:
            yield
        except (BotoCoreError, ClientError, HTTPClientError) as error:
            raise faults.translate(error, self.access, call) from error


def _files_stamp(session: Any) -> tuple[int, ...]:
    """Return what changes when the user's AWS files are written."""
    stamps = []
    for name in ("credentials_file", "config_file"):
        path = session._session.get_config_variable(name)
        try:
            stamps.append(os.stat(os.path.expanduser(path)).st_mtime_ns)
        except OSError:
            stamps.append(0)
    return tuple(stamps)


def _session(access: Access) -> Any:
    import boto3
    import botocore.session

    core = botocore.session.Session(profile=access.profile)
    if not access.isolated:
        _share_role_sessions(core)
        return boto3.Session(botocore_session=core, region_name=access.region)
    _hide_user_files(core)
    return boto3.Session(
        botocore_session=core,
        region_name=access.region,
        aws_access_key_id=access.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=access.environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=access.environment.get("AWS_SESSION_TOKEN"),
    )


def _share_role_sessions(core: Any) -> None:
    """Keep sessions of assumed roles where the AWS CLI keeps them.

    A profile with `mfa_serial` then asks for a code once an hour, not at every command, and
    not at all when the AWS CLI has just asked. Without a terminal it says what to do.
    """
    from botocore.utils import JSONFileCache

    provider = core.get_component("credential_provider").get_provider("assume-role")
    provider.cache = JSONFileCache(os.path.expanduser(ROLE_SESSIONS))
    provider._prompter = _code


def _code(prompt: str) -> str:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise AwsError(
            "The AWS profile asks for a code of your MFA device, and there is no terminal to ask "
            "on.",
            "Run any AWS CLI command with this profile first: its session is used here too.",
        )
    return getpass.getpass(prompt)


def _hide_user_files(core: Any) -> None:
    from botocore.configprovider import ConstantProvider

    store = core.get_component("config_store")
    for name in ("config_file", "credentials_file"):
        store.set_config_provider(name, ConstantProvider("/dev/null"))
    store.set_config_provider("profile", ConstantProvider(None))


def _client_settings(access: Access, service: str = "") -> dict[str, Any]:
    from botocore.config import Config

    config: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "retries": {"total_max_attempts": 2 if access.local else ATTEMPTS, "mode": "standard"},
        "max_pool_connections": 16,
    }
    if service == "s3":
        # For signed URLs: not version 2, no checksum of their making, and the region's
        # own host, because a new bucket's name leads elsewhere for hours.
        config |= {
            "signature_version": "s3v4",
            "request_checksum_calculation": "when_required",
            "s3": {"addressing_style": "virtual"},
        }
    if access.local:  # this machine is never behind a proxy, nor below a bucket's name
        config |= {"proxies": {}, "s3": {"addressing_style": "path"}}
    settings: dict[str, Any] = {"config": Config(**config)}
    if access.isolated:  # else botocore reads the process's own variables itself
        settings["endpoint_url"] = access.endpoint_url
        settings["verify"] = str(access.ca_file) if access.ca_file else True
    return settings
