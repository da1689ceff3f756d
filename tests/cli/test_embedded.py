"""The file that leads to an embedded cloud, with several clouds in one folder."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from samlive import embedded, offline
from samlive.offline import Offline
from samlive.state import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, offline=True)


@pytest.fixture
def clouds(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Stand-ins for clouds: a listening port each, and folders as the real ones take them."""
    running: list[Any] = []

    class Process:
        def __init__(self) -> None:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.stdin = self.stdout = None

        def send_signal(self, number: int) -> None:
            self.listener.close()

        def wait(self, seconds: float) -> None:
            pass

    def start(state: Path, region: str) -> Offline:
        process: Any = Process()
        running.append(process)
        folder = state if len(running) == 1 else state / str(len(running))
        folder.mkdir(parents=True)
        url = f"http://127.0.0.1:{process.listener.getsockname()[1]}"
        return Offline({"AWS_ENDPOINT_URL": url, "A": "it's"}, url, "1", folder / "log", process)

    monkeypatch.setattr(offline, "start", start)
    yield running
    for process in running:
        process.listener.close()


def common(project: Project) -> dict[str, str]:
    return embedded.variables(project.root / embedded.VARIABLES)


def test_file_leads_to_the_cloud_and_goes_with_it(project: Project, clouds: list[Any]) -> None:
    notes: list[str] = []
    cloud = embedded.start(project, "us-east-1", notes.append)
    assert common(project) == cloud.environment
    path = project.root / embedded.VARIABLES
    assert path.stat().st_mode & 0o777 == 0o600
    sourced = subprocess.run(["sh", "-c", f'. {path}; echo "$A"'], capture_output=True, text=True)
    assert sourced.stdout == "it's\n"
    embedded.stop(cloud, project)
    assert common(project) == {}
    assert notes == []
    assert not list(project.cloud.rglob(embedded.VARIABLES))


@pytest.mark.parametrize("first_to_end", [0, 1])
def test_second_cloud_does_not_take_the_first_ones_file_along(
    project: Project, clouds: list[Any], first_to_end: int
) -> None:
    notes: list[str] = []
    both = [embedded.start(project, "us-east-1", notes.append) for _ in range(2)]
    assert common(project) == both[1].environment
    assert notes == [
        "Another offline session runs in this folder; .samlive/offline/offline.env leads to its "
        "cloud."
    ]
    stays = both[1 - first_to_end]
    embedded.stop(both[first_to_end], project)
    assert common(project) == stays.environment
    embedded.stop(stays, project)
    assert common(project) == {}


def test_killed_cloud_is_not_led_to(project: Project, clouds: list[Any]) -> None:
    embedded.start(project, "us-east-1", lambda _: None)
    with closing(clouds[0].listener):
        pass
    notes: list[str] = []
    second = embedded.start(project, "us-east-1", notes.append)
    embedded.stop(second, project)
    assert (common(project), notes) == ({}, [])
