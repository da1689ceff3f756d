"""How this process reaches AWS: the variables that say so, kept apart from `os.environ`.

`--offline` starts a cloud and lays its variables over the user's. From there
on nothing knows the difference: the same names, AWS_ENDPOINT_URL and so on,
would be set by a user who points samlive at another cloud.
"""

import ipaddress
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Access:
    """The account and region that a command works in.

    Args:
        environment: Environment variables; AWS's own names.
        region: Region of the stack; None when nobody names one.
        profile: Profile that was asked for.
        isolated: The user's own AWS files and profile must not be looked at.
    """

    environment: Mapping[str, str] = field(repr=False)
    region: str | None = None
    profile: str | None = None
    isolated: bool = False

    @property
    def endpoint_url(self) -> str | None:
        """Address of all AWS APIs when it is not AWS's own."""
        return self.environment.get("AWS_ENDPOINT_URL") or None

    @property
    def local(self) -> bool:
        """Whether the cloud runs on this machine."""
        return is_loopback(self.endpoint_url or "")

    @property
    def ca_file(self) -> Path | None:
        """Certificates to trust instead of the system's: where botocore looks for them, too."""
        name = (
            self.environment.get("AWS_CA_BUNDLE")
            or ("" if self.isolated else self._configured("ca_bundle"))
            or self.environment.get("REQUESTS_CA_BUNDLE")
        )
        return Path(name).expanduser() if name else None

    def proxy(self, host: str) -> str | None:
        """Return the proxy that HTTPS connections to a host go through.

        Args:
            host: Host, ":port" when not 443.

        Returns:
            "host:port", with "user:password@" before it when the variable says so; None for
            a direct connection.
        """
        url = self._variable("HTTPS_PROXY")
        if not url or _exempt(host, self._variable("NO_PROXY")):
            return None
        parts = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
        user, at, _ = parts.netloc.rpartition("@")
        name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{user}{at}{name}:{parts.port or 80}"

    def proxies(self, url: str) -> dict[str, str]:
        """Return the proxy for a URL as HTTP libraries take it; empty for a direct connection."""
        parts = urllib.parse.urlsplit(url)
        found = self.proxy(parts.hostname or "")
        direct = parts.scheme != "https" or not found or is_loopback(url)
        return {} if direct else {"https": f"http://{found}"}

    def _configured(self, name: str) -> str:
        """Return a setting of the profile, from the user's AWS configuration file.

        https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
        """
        import configparser

        home = self.environment.get("HOME", "~")
        file = self.environment.get("AWS_CONFIG_FILE") or f"{home}/.aws/config"
        profile = self.profile or self.environment.get("AWS_PROFILE") or "default"
        section = profile if profile == "default" else f"profile {profile}"
        found = configparser.RawConfigParser(strict=False)
        try:
            found.read(Path(file).expanduser(), encoding="utf-8")
            return found.get(section, name, fallback="")
        except (OSError, UnicodeDecodeError, configparser.Error):
            return ""  # botocore tells what is wrong with it

    def _variable(self, name: str) -> str:
        return self.environment.get(name.lower()) or self.environment.get(name, "")


def is_loopback(url: str) -> bool:
    """Tell whether a URL points at this machine."""
    host = urllib.parse.urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _exempt(host: str, rule: str) -> bool:
    name = host.partition(":")[0].lower()
    for entry in rule.lower().replace(",", " ").split():
        suffix = entry.lstrip("*").lstrip(".")
        if entry == "*" or name == suffix or name.endswith("." + suffix):
            return True
    return False
