"""The stub under AWS's own Runtime API: one emulator for each execution environment."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from live_session import PROJECTS, Ready, Way, clean_environment, copy_project, running
from rie import emulator
from samlive import offline

pytestmark = [pytest.mark.e2e, pytest.mark.rie]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ready]:
    """The lab project, live on a cloud whose functions run under the emulator."""
    options = ("--environment", str(emulator()))
    folder = tmp_path_factory.mktemp("emulator")
    with offline.start(folder / "cloud", "us-east-1", options=options) as cloud:
        way = Way("emulator", ("--stage", "rie"), clean_environment() | dict(cloud.environment))
        project = copy_project(PROJECTS / "lab", folder)
        with running(way, project / "template.yaml") as session:
            yield session


def test_cold_then_warm(lab: Ready) -> None:
    first, error = lab.invoke("PythonLab", {"action": "echo", "value": 1})
    assert (first["echo"], first["calls"], error) == (1, 1, None)
    again, _ = lab.invoke("PythonLab", {"action": "echo", "value": 2})
    assert (again["echo"], again["calls"]) == (2, 2)


def test_error_has_lambdas_shape(lab: Ready) -> None:
    answer, error = lab.invoke("PythonLab", {"action": "fail", "message": "no tea"})
    assert (answer["errorType"], answer["errorMessage"], error) == (
        "LabError",
        "no tea",
        "Unhandled",
    )


def test_chunked_event_and_answer_are_byte_identical(lab: Ready) -> None:
    text = "".join(chr(0x4E00 + n % 20000) for n in range(60_000))
    answer, _ = lab.invoke("PythonLab", {"action": "digest", "value": text})
    data = text.encode()
    assert answer == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    answer, _ = lab.invoke("PythonLab", {"action": "repeat", "value": "漢\u2028", "times": 40_000})
    assert answer == "漢\u2028" * 40_000


def test_a_streamed_response_is_taken_to_its_end_and_the_next_call_answered(
    lab: Ready, tmp_path: Path
) -> None:
    """The emulator's front answers whole; that the post is right is what it tells."""
    gate = tmp_path / "gate"
    gate.touch()
    for times in ("0", "300000"):
        reply = lab.client("lambda").invoke(
            FunctionName=lab.physical("NodeStream"),
            Payload=json.dumps({"gate": str(gate), "times": times}),
        )
        assert reply["Payload"].read() == b"first " + b"x" * int(times) + b"last"
