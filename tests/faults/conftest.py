"""One cloud, and one live session on it that most of these tests break and mend."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fault_bench import Bench
from live_session import PROJECTS, Ready, Way, clean_environment, copy_project, running
from login import Login


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


def patient(session: Ready) -> None:
    """Let calls wait for longer than the longest fault takes."""
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"total_max_attempts": 1},
        read_timeout=300,
        max_pool_connections=64,
        proxies={},
    )
    session.clients["lambda"] = boto3.client(
        "lambda",
        endpoint_url=session.aws["AWS_ENDPOINT_URL"],
        aws_access_key_id=session.aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=session.aws["AWS_SECRET_ACCESS_KEY"],
        region_name=session.aws["AWS_REGION"],
        config=config,
    )


@pytest.fixture(scope="session")
def bench(way: Way, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with running(way, template) as session:
        patient(session)
        session.physical("PythonRecorder")
        yield Bench(session, tmp_path_factory.mktemp("journals"))


@pytest.fixture
def login(cloud: dict[str, str], tmp_path: Path) -> Login:
    return Login(tmp_path, cloud)


@pytest.fixture
def expiring(way: Way, login: Login, cloud: dict[str, str], tmp_path: Path) -> Iterator[Bench]:
    """A session of its own under a profile whose credentials expire all the time."""
    template = copy_project(PROJECTS / "faulty", tmp_path) / "template.yaml"
    variables = {name: text for name, text in way.environment.items() if name not in cloud}
    stage = Way("profile", ("--stage", "expiry", "--profile", "team"), variables | login.variables)
    with running(stage, template, "--on-exit", "keep") as session:
        mine = Ready(session.live, session.ready, way.environment)
        patient(mine)
        yield Bench(mine, tmp_path)
