"""aws-sam-cli: `sam sync --watch` on the offline cloud, and deploys for others."""

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from support.processes import Bench
from support.tools import Missing, virtual_environment

from .clouds import environment
from .subject import Subject, application, lambda_client

VERSION = "1.170.0"
START_SECONDS = 120.0
CONFIGURATION = """\
version = 0.1
[default.global.parameters]
stack_name = "{stack}"
region = "{region}"
[default.deploy.parameters]
capabilities = "CAPABILITY_IAM"
resolve_s3 = true
confirm_changeset = false
[default.sync.parameters]
watch = true
dependency_layer = false
capabilities = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
"""


def program() -> Path:
    """Return the `sam` command, installed when needed.

    Raises:
        Missing: It cannot be installed.
    """
    return virtual_environment("sam", f"aws-sam-cli=={VERSION}").with_name("sam")


def configure(folder: Path, stack: str, region: str) -> None:
    """Write a samconfig.toml."""
    (folder / "samconfig.toml").write_text(CONFIGURATION.format(stack=stack, region=region))


def deploy(folder: Path, variables: Mapping[str, str]) -> None:
    """Build and deploy an application.

    Raises:
        Missing: It fails.
    """
    sam = str(program())
    for words in ((sam, "build"), (sam, "deploy")):
        made = subprocess.run(
            words, cwd=folder, env=_environment(variables), capture_output=True, text=True
        )
        if made.returncode:
            raise Missing(f"{' '.join(words[1:])}: {(made.stderr or made.stdout)[-300:]}")


def run(folder: Path, variables: Mapping[str, str], command: str) -> None:
    """Build an application, and bring its stack to it once.

    Args:
        folder: The application, with its samconfig.toml.
        variables: What points at the cloud.
        command: "deploy" or "sync".

    Raises:
        Missing: It fails.
    """
    once = {
        "deploy": ("deploy", "--no-fail-on-empty-changeset"),
        "sync": ("sync", "--no-watch", "--no-dependency-layer"),
    }
    for words in (("build",), once[command]):
        made = subprocess.run(
            (str(program()), *words),
            cwd=folder,
            env=_environment(variables),
            capture_output=True,
            text=True,
            input="y\n" * 3,
        )
        if made.returncode:
            raise Missing(f"sam {words[0]}: {(made.stderr or made.stdout)[-300:]}")


def start(bench: Bench, variables: Mapping[str, str]) -> list[Subject]:
    """Start `sam sync --watch` and return its functions.

    Raises:
        Missing: It cannot be installed, or did not start.
    """
    names = {"Node": "sync-node", "Python": "sync-py"}
    folder = application(bench.folder / "sync", names)
    configure(folder, "bench-sync", variables["AWS_REGION"])
    log = folder / "log"
    command = f"yes | {program()} sync --watch >{log} 2>&1"
    bench.start("sh", "-c", command, environment=_environment(variables), cwd=folder)
    end = time.monotonic() + START_SECONDS
    while "Infra sync completed" not in (text := log.read_text() if log.exists() else ""):
        if time.monotonic() > end or "Error:" in text:
            raise Missing(f"sam sync did not start: {text[-300:]}")
        time.sleep(0.3)
    client = lambda_client(variables)
    sources = {"Node": folder / "hello" / "app.js", "Python": folder / "pyhello" / "app.py"}
    languages = {"Node": "Node.js", "Python": "Python"}
    return [
        Subject(
            "sam sync --watch",
            languages[key],
            client,
            name,
            sources[key],
            f"echo on the offline cloud, {languages[key]}",
        )
        for key, name in names.items()
    ]


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    root = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "SAM_CLI_TELEMETRY": "0",
        "NO_PROXY": "127.0.0.1,localhost",
    }
    kept = {name: text for name, text in variables.items() if name != "HTTPS_PROXY"}
    return environment({**kept, **root})
