"""SAM's builders beside samlive's own folder, in a project whose code is the whole of it."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from samlive_relay.config import Build, LocalFunction
from samlive_relay.workers import builders
from samlive_relay.workers.builds import Builds

MAKEFILE = "build-Fn:\n\tcp -r . $(ARTIFACTS_DIR)\n"


@pytest.fixture
def flat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project whose code lies beside the template, with what a session keeps there."""
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / "bootstrap").write_text("one")
    state = tmp_path / ".samlive" / "stages" / "ana"
    state.mkdir(parents=True)
    (state / "key").write_text("the key of the stage")
    monkeypatch.chdir(state)  # a socket's path may have 107 bytes
    with socket.socket(socket.AF_UNIX) as open_socket:
        open_socket.bind("worker")
        yield tmp_path


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_folder_that_the_code_lies_beside_is_not_copied_into_itself(flat: Path) -> None:
    state = flat / ".samlive" / "stages" / "ana"
    function = LocalFunction("Fn", "provided.al2023", "x", code=flat)
    options = json.dumps({"build_logical_id": "Fn"})
    build = Build(language="provided", manifest=flat / "Makefile", options=options)

    async def scenario() -> None:
        builds = Builds(state, flat, lambda *_: None)
        try:
            for text in ("one", "two"):
                (flat / "bootstrap").write_text(text)
                built = await builds.build(function, build)
                assert (built.folder / "bootstrap").read_text() == text
                assert sorted(os.listdir(built.folder)) == ["Makefile", "bootstrap"]
        finally:
            await builds.close()

    asyncio.run(scenario())


def test_every_builder_that_copies_leaves_it_out() -> None:
    """In a process of its own, as this one's builders stay as they are."""
    program = """
from samlive_relay.workers import builders
builders.leave_out_own_folder()
builders.leave_out_own_folder()
from aws_lambda_builders.workflow import BaseWorkflow
found = {each.NAME: each.EXCLUDED_FILES for each in builders._below(BaseWorkflow)
         if getattr(each, "EXCLUDED_FILES", ())}
import json
print(json.dumps(found))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert {"CustomMakeBuilder", "NodejsNpmBuilder", "PythonPipBuilder"} <= set(found)
    assert {names.count(builders.STATE_FOLDER) for names in found.values()} == {1}
