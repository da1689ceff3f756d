""".NET functions, with a stand-in for the SDK: what is started for which handler."""

import os
import sys
from pathlib import Path

import pytest

from relay_session import WORD_PROGRAM, Project, Run
from samlive_relay.config import Build
from samlive_relay.errors import RelayError
from samlive_relay.workers import dotnet

SDK = f"""#!/bin/sh
case $1 in
publish) cp program "$ARTIFACTS_DIR/Tea.dll"; cp Tea.cs "$ARTIFACTS_DIR/word" ;;
exec) exec {sys.executable} "$2" ;;
esac
"""
CACHED = ".nuget/packages/amazon.lambda.runtimesupport"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "dotnet").write_text(SDK)
    (bin / "dotnet").chmod(0o755)
    path = f"{bin}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    return {"PATH": path, "HOME": str(tmp_path)}


def test_what_is_missing_is_named(project: Project, machine: dict[str, str]) -> None:
    function = project.add(runtime="dotnet8", handler="Tea::Shop.Tea::Pour")
    with pytest.raises(RelayError, match="no dotnet on the PATH"):
        dotnet.command(function, {"PATH": "", "HOME": "/nowhere"})
    with pytest.raises(RelayError, match=r"made no Tea\.dll"):
        dotnet.command(function, machine)
    project.write("Tea.dll", "")
    with pytest.raises(RelayError, match=r"Amazon\.Lambda\.RuntimeSupport") as told:
        dotnet.command(function, machine)
    assert "dotnet add package" in told.value.hint


def test_a_class_library_is_started_by_the_newest_client(
    project: Project, machine: dict[str, str], tmp_path: Path
) -> None:
    function = project.add(runtime="dotnet8", handler="Tea::Shop.Tea::Pour")
    project.write("Tea.dll", "")
    for version in ("1.9.0", "1.13.1", "1.10.0"):
        folder = tmp_path / CACHED / version / "lib" / "net8.0"
        folder.mkdir(parents=True)
        (folder / f"{dotnet.SUPPORT}.dll").touch()
    command = dotnet.command(function, machine)
    assert command[1:6] == (
        "exec",
        "--depsfile",
        str(project.code / "Tea.deps.json"),
        "--runtimeconfig",
        str(project.code / "Tea.runtimeconfig.json"),
    )
    assert "/1.13.1/" in command[6] and command[7] == "Tea::Shop.Tea::Pour"
    own = project.write(f"{dotnet.SUPPORT}.dll", "")
    assert dotnet.command(function, machine)[6] == str(own)


def test_an_executable_assembly_is_built_and_run(
    project: Project, run: Run, machine: dict[str, str]
) -> None:
    project.write("program", WORD_PROGRAM)
    source = project.write("Tea.cs", "one")
    project.add(runtime="dotnet8", handler="Tea", build=Build(command="dotnet publish"))

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == "one"
            source.write_text("two")
            assert await stub.ask({}) == "two"

    run(scenario())
