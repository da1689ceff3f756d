"""One cloud, and one live session on it that most of these tests break and mend."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fault_bench import Bench
from live_session import PROJECTS, Way, clean_environment, copy_project, running


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Variables of an offline cloud, started apart from the command."""
    from samlive import offline

    with offline.start(tmp_path_factory.mktemp("cloud"), "us-east-1") as running:
        yield dict(running.environment)


@pytest.fixture(scope="session")
def way(cloud: dict[str, str]) -> Way:
    return Way("environment", ("--stage", "faults"), clean_environment() | cloud)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(PROJECTS / "faulty", tmp_path_factory.mktemp("faulty")) / "template.yaml"


@pytest.fixture(scope="session")
def bench(way: Way, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with running(way, template) as session:
        session.client("lambda")
        session.physical("PythonRecorder")
        yield Bench(session, tmp_path_factory.mktemp("journals"))
