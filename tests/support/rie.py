"""AWS's runtime interface emulator, out of the wheel of aws-sam-cli.

The binary (Apache-2.0, static, Linux) is kept out of the repository: it is
fetched once with pip into the user's cache.
"""

import platform
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

VERSION = "1.170.0"
_ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}


def emulator() -> Path:
    """Return the path of the binary; skips the test where there is none."""
    architecture = _ARCHITECTURES.get(platform.machine())
    if sys.platform != "linux" or architecture is None:
        pytest.skip("the runtime interface emulator runs on Linux only")
    name = f"aws-lambda-rie-{architecture}"
    binary = Path.home() / ".cache" / "samlive" / f"sam-cli-{VERSION}" / name
    if not binary.exists():
        _fetch(binary, f"samcli/local/rapid/{name}")
    return binary


def _fetch(binary: Path, member: str) -> None:
    """Fetch into a folder of its own: several test processes may want it at once."""
    binary.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=binary.parent) as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--dest", folder, f"aws-sam-cli=={VERSION}"]
        if subprocess.run(command, check=False).returncode != 0:
            pytest.skip("the wheel of aws-sam-cli could not be fetched")
        (wheel,) = Path(folder).glob("aws_sam_cli-*.whl")
        fresh = Path(folder) / binary.name
        with zipfile.ZipFile(wheel) as archive:
            fresh.write_bytes(archive.read(member))
        fresh.chmod(0o755)
        fresh.replace(binary)
