"""Every end of a session leaves nothing behind: no process, no port, no folder."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import process_tree
from live_session import PROJECTS, Live, clean_environment, copy_project

pytestmark = pytest.mark.e2e


def processes_of(folder: Path) -> set[int]:
    """Processes whose environment, command or folder names the session's project."""
    return {pid for pid in process_tree.pids() if pid != os.getpid() and _names(pid, str(folder))}


def _names(pid: int, folder: str) -> bool:
    texts = [process_tree.environment(pid).decode(errors="replace"), *process_tree.command(pid)]
    return any(folder in text for text in texts) or process_tree.folder(pid) == folder


def alive(pids: set[int]) -> set[int]:
    return set(filter(process_tree.is_running, pids))


def until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def refuses(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(address) != 0


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Live]:
    project = copy_project(PROJECTS / "lab", tmp_path)
    live = Live(
        project / "template.yaml",
        "--offline",
        "--stage",
        "ends",
        environment=clean_environment() | {"TMPDIR": str(tmp_path)},
    )
    yield live
    live.stop(signal.SIGKILL)


@pytest.mark.skipif(not process_tree.AVAILABLE, reason="looks at /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_end_of_the_command_ends_everything(session: Live, tmp_path: Path, number: int) -> None:
    ready = session.expect("ready", timeout=180)
    started = {session.process.pid, *process_tree.descendants(session.process.pid)}
    assert len(started) > 1
    cloud = urlsplit(ready["endpoint_url"])
    assert cloud.hostname and cloud.port
    status = session.stop(number, timeout=30)
    assert status == (-number if number == signal.SIGKILL else 0)
    assert until(lambda: not alive(started), 30), alive(started)
    assert until(lambda: not processes_of(tmp_path), 30), processes_of(tmp_path)
    assert refuses((cloud.hostname, cloud.port))
    if number != signal.SIGKILL:
        assert session.events[-1]["event"] == "ready"
        assert {path.name for path in tmp_path.iterdir()} == {"lab"}
