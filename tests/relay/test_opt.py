"""Layers at /opt: when nothing is mounted, and what a process sees when something is."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from process_tree import is_running
from relay_session import Project, Run
from samlive_relay.config import LocalFunction
from samlive_relay.events import Warned
from samlive_relay.workers import opt

APP = """\
import os, signal, subprocess, sys


def handler(event, context):
    if "read" in event:
        return open(event["read"]).read()
    if "run" in event:
        return subprocess.run(event["run"], capture_output=True, text=True, check=True).stdout
    if "sleep" in event:
        subprocess.Popen(["sleep", "1000"])
    return {
        "pid": os.getpid(), "group": os.getpgid(0), "user": [os.getuid(), os.getgid()],
        "opt": sorted(os.listdir("/opt")), "home": os.environ.get("HOME"),
    }
"""


def layer(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    return folder


def prefix(layers: tuple[Path, ...], state: Path, *needs: str) -> tuple[str, ...]:
    function = LocalFunction("F", "python3.11", "a.b", state, layers=layers)
    return asyncio.run(opt.Opt(state).prefix(function, needs))


def test_layers_of_packages_alone_are_not_mounted(tmp_path: Path) -> None:
    packages = layer(tmp_path / "a", python__a="", nodejs__b="", extensions__c="")
    sources = layer(tmp_path / "b", Makefile="", README="", python__a="")
    (sources / "README").rename(sources / "README.md")
    assert prefix((packages, sources), tmp_path) == ()
    assert opt.missing((packages, sources)) == ""


@pytest.mark.parametrize("need", ["/opt/python/bin/python3", "/opt"])
def test_nothing_is_mounted_over_what_the_process_needs(tmp_path: Path, need: str) -> None:
    assert prefix((layer(tmp_path / "a", bin__tool=""),), tmp_path, need) == ()


def test_nothing_is_mounted_where_the_system_forbids_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opt, "LAUNCHER", tmp_path / "gone.py")
    tools = layer(tmp_path / "a", bin__tool="", etc__x="")
    assert prefix((tools,), tmp_path / "state") == ()
    assert "bin, etc" in opt.missing((tools,))


def test_the_last_layer_counts_and_folders_are_joined(tmp_path: Path) -> None:
    low = layer(tmp_path / "low", bin__one="low", bin__two="low", etc="low", only__x="low")
    high = layer(tmp_path / "high", bin__two="high", bin__three="high", etc__y="high")
    seen = opt.merged((low, high), tmp_path / "state")
    assert {name: (seen / "bin" / name).read_text() for name in os.listdir(seen / "bin")} == {
        "one": "low",
        "two": "high",
        "three": "high",
    }
    assert os.listdir(seen / "etc") == ["y"]
    assert (seen / "only").is_symlink()
    assert opt.merged((low, high), tmp_path / "state") == seen


@pytest.fixture
def possible(tmp_path: Path) -> None:
    if not asyncio.run(opt.Opt(tmp_path / "probe").prefix(_wanting(tmp_path), ())):
        pytest.skip("this system lets no user mount")


def _wanting(folder: Path) -> LocalFunction:
    tools = layer(folder / "wanting", bin__tool="")
    return LocalFunction("F", "python3.11", "a.b", folder, layers=(tools,))


@pytest.mark.usefixtures("possible")
def test_a_process_sees_its_layers_and_stays_one_of_ours(project: Project, run: Run) -> None:
    outside = sorted(os.listdir("/opt"))
    tools = layer(project.folder / "tools", bin__hello="#!/bin/sh\necho hello\n", etc__a="one")
    project.write("app.py", APP)
    project.add(layers=(tools,))
    project.add("Plain")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({"run": ["/opt/bin/hello"]}) == "hello\n"
            assert await stub.ask({"run": ["hello"]}) == "hello\n"
            assert await stub.ask({"read": "/opt/etc/a"}) == "one"
            (tools / "etc" / "a").write_text("two")
            assert await stub.ask({"read": "/opt/etc/a"}) == "two"
            seen = await stub.ask({"sleep": True})
            (pid,) = session.relay.pool.pids
            assert (seen["pid"], seen["group"]) == (pid, pid)
            assert seen["user"] == [os.getuid(), os.getgid()]
            assert seen["opt"] == ["bin", "etc"]
            assert (await session.stub("Plain").ask({}))["opt"] == outside
            children = subprocess.run(["pgrep", "-g", str(pid)], capture_output=True, text=True)
            group = [int(each) for each in children.stdout.split()]
            assert len(group) == 2
            os.kill(pid, signal.SIGKILL)
            await session.until(lambda: not any(map(is_running, group)))
            assert await stub.ask({"read": "/opt/etc/a"}) == "two"
            assert session.seen(Warned) == []

    run(scenario())


@pytest.mark.usefixtures("possible")
@pytest.mark.skipif(shutil.which("node") is None, reason="no node on the PATH")
def test_node_sees_its_layers_as_well(project: Project, run: Run) -> None:
    tools = layer(project.folder / "tools", etc__a="one")
    project.write(
        "app.mjs",
        "import fs from 'node:fs';\n"
        "export const handler = async () => fs.readFileSync('/opt/etc/a', 'utf8');\n",
    )
    project.add(layers=(tools,), runtime="nodejs20.x")

    async def scenario() -> None:
        async with project.session() as session:
            for _ in range(2):
                assert await session.stub().ask({}) == "one"

    run(scenario())


def test_a_mount_that_fails_is_said_and_the_program_runs(tmp_path: Path) -> None:
    command = [sys.executable, "-IS", str(opt.LAUNCHER), str(tmp_path / "gone"), "echo", "ran"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert "nothing is mounted at /opt" in done.stderr
