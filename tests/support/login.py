"""A profile whose credentials last five seconds, and whose login a test ends and renews."""

import json
import sys
from pathlib import Path

PROVIDER = """
import json, pathlib, sys, time
file = pathlib.Path(sys.argv[1])
if not file.exists():
    sys.exit("the login has expired")
keys = json.loads(file.read_text())
soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 5))
print(json.dumps({"Version": 1, "Expiration": soon, **keys}))
"""


class Login:
    """Credentials of a profile that last five seconds, until the login itself ends."""

    def __init__(self, folder: Path, cloud: dict[str, str]) -> None:
        self._file = folder / "login.json"
        self._keys = {
            "AccessKeyId": cloud["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": cloud["AWS_SECRET_ACCESS_KEY"],
        }
        provider = folder / "provider.py"
        provider.write_text(PROVIDER)
        config = folder / "config"
        config.write_text(
            f"[profile team]\ncredential_process = {sys.executable} {provider} {self._file}\n"
        )
        self.variables = {
            name: text
            for name, text in cloud.items()
            if name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        } | {"AWS_CONFIG_FILE": str(config)}
        self.renew()

    def renew(self) -> None:
        self._file.write_text(json.dumps(self._keys))

    def expire(self) -> None:
        self._file.unlink()
