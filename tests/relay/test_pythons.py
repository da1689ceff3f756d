"""The runner under every Python that Lambda offers and this machine has."""

import shutil
import subprocess
from pathlib import Path

import pytest

from relay_session import Project, Run
from samlive_relay.events import Warned

VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def installed(version: str) -> str | None:
    """A Python of a version, on the PATH or among pyenv's."""
    candidates = [shutil.which(f"python{version}")]
    candidates += map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for path in filter(None, candidates):
        done = subprocess.run([path, "-c", "import ssl"], capture_output=True)
        if done.returncode == 0:
            return path
    return None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_function_runs_reloads_and_fails_on_its_own_python(
    project: Project, run: Run, version: str
) -> None:
    python = installed(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    command = [python, "-m", "venv", "--without-pip", str(project.folder / ".venv")]
    subprocess.run(command, check=True)
    text = (
        "import sys, wsgiref.util\nvalue = 'one'\ndef handler(event, context):\n"
        "    return [value, '%d.%d' % sys.version_info[:2], event['key']]\n"
    )
    path = project.write("app.py", text)
    project.add(runtime=f"python{version}")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({"key": "é"}) == ["one", version, "é"]
            await session.until(lambda: session.relay.zygotes.pids)
            path.write_text(text.replace("one", "two"))
            assert await stub.ask({"key": 1}) == ["two", version, 1]
            assert session.relay.zygotes.forks == 1
            error = await stub.fail({})
            assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'key'")
            assert session.seen(Warned) == []

    run(scenario())
