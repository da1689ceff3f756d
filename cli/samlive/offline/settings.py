"""What the emulator reads from its environment, set before its first import.

The emulator takes its settings from environment variables while its modules
are imported. Nothing of the developer's AWS configuration may reach it: a
profile, a key or an endpoint of theirs would change what it does.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "000000000000"
LOG_NAME = "cloud.log"
MAX_ENVIRONMENTS = 100
"""Invocations at the same time; more are throttled, as in AWS. One process each."""

_FOREIGN = ("AWS_", "BOTO_", "LAMBDA_", "LOCALSTACK_", "MINISTACK_", "IOT_", "S3_")
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where one cloud listens and writes.

    Args:
        region: Region of requests that name none.
        http_port: Plain port: APIs, and MQTT for the stub.
        tls_port: TLS port: MQTT for clients that insist on TLS.
        folder: Private folder, removed at exit.
        state: The user's folder; holds the logs.
        upstream_proxy: The HTTPS proxy of the process that started us.
        isolation: "relocated" or "mounted", see `sandbox.places`.
        emulator: Path of AWS's runtime interface emulator, or None.
    """

    region: str
    http_port: int
    tls_port: int
    folder: Path
    state: Path
    upstream_proxy: str | None = None
    isolation: str = "relocated"
    emulator: Path | None = None

    @property
    def endpoint_url(self) -> str:
        """Address of the AWS APIs."""
        return f"http://127.0.0.1:{self.http_port}"


def take_upstream_proxy() -> str | None:
    """Return the HTTPS proxy in effect, and forget all proxies of this process."""
    found = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    for name in _PROXIES:
        os.environ.pop(name, None)
    return found


def apply(settings: Settings) -> None:
    """Set this process's environment for the emulator."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN):
            del os.environ[name]
    os.environ.update(
        {
            "GATEWAY_PORT": str(settings.http_port),
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "MINISTACK_REGION": settings.region,
            "MINISTACK_HOST": "localhost",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "TMPDIR": str(settings.folder),
            "S3_DATA_DIR": str(settings.folder / "s3"),
            "STATE_DIR": str(settings.folder / "emulator-state"),
            "AUTH": "true",
            "LAMBDA_ACCOUNT_CONCURRENCY": str(MAX_ENVIRONMENTS),
        }
    )
    tempfile.tempdir = str(settings.folder)
