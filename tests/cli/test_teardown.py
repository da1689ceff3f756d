"""How a stage leaves the account when events wait in its queue."""

import threading
from pathlib import Path
from typing import Any

import pytest

from samlive import settings, teardown
from samlive.deploy.parked_note import Note
from samlive.deploy.redelivery import Redelivered
from samlive.errors import SamliveError
from samlive.progress import Progress
from samlive.state import Project
from samlive.teardown import Teardown
from stubbed_aws import ACCOUNT, STACK_ID, StubbedAws, stack


class Steps:
    """Notes what happens to the stage, in order; stands for its parking and its adoption."""

    def __init__(self, waiting: int = 0, left: tuple[str, ...] = ()) -> None:
        self.done: list[str] = []
        self.said: list[Any] = []
        self._waiting = waiting
        self._left = left

    def waiting(self, sure: bool) -> tuple[int, tuple[str, ...]]:
        assert sure, "nothing may be deleted that is only hidden"
        return self._waiting, ("orders-ana-Told-1",) if self._waiting else ()

    def rest(self, *_: Any) -> bool:
        return False

    def release(self) -> None:
        self.done.append("release")

    def unpark(self) -> Note:
        self.done.append("unpark")
        return Note(waiting=("told",))

    def redeliver(self, noted: Note, stop: threading.Event, quiet: float) -> Redelivered:
        assert noted.waiting
        self.done.append("redeliver")
        return Redelivered(2, self._left, True)

    def forget(self) -> None:
        self.done.append("forget")

    def restore(self, *_: Any) -> None:
        self.done.append("restore")

    def settle(self, *_: Any) -> None:
        self.done.append("settle")

    def delete(self, *_: Any) -> None:
        self.done.append("delete")

    def tell(self, event: str, **fields: Any) -> None:
        self.said.append((fields.get("status"), fields.get("events")))


@pytest.fixture
def aws() -> StubbedAws:
    return StubbedAws()


def ended(
    aws: StubbedAws, steps: Steps, folder: Path, monkeypatch: pytest.MonkeyPatch, **given: Any
) -> Teardown:
    """Return the end of a stage whose steps are only noted."""
    monkeypatch.setattr("samlive.deploy.park.of_stage", lambda *_: steps)
    monkeypatch.setattr(teardown, "Adoption", lambda *_: steps)
    monkeypatch.setattr(teardown, "Stack", lambda *_: steps)
    template = folder / "template.yaml"
    wanted = settings.load("remove", template, {"app": "orders", **given}, {})
    state = Project(folder).of("ana")
    progress = Progress(steps, "orders-ana")
    return Teardown(aws, wanted, "ana", state, "orders-ana", threading.Event(), progress)


def asked(aws: StubbedAws, **fields: Any) -> None:
    aws.answer("cloudformation", "describe_stacks", {"Stacks": [stack(**fields)]})
    who = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/ana"}
    for _ in range(2):
        aws.answer("sts", "get_caller_identity", who)


def test_a_stage_with_events_that_wait_is_not_deleted(
    aws: StubbedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = Steps(waiting=2)
    asked(aws)
    with pytest.raises(SamliveError) as refused:
        ended(aws, steps, tmp_path, monkeypatch).remove()
    assert "2 events wait in the queue of stage ana, for orders-ana-Told-1" in refused.value.message
    assert "--force" in refused.value.hint
    assert steps.done == []


@pytest.mark.parametrize(("waiting", "given"), [(0, {}), (2, {"force": True})])
def test_a_stage_is_deleted_with_its_queue_after_its_stack(
    aws: StubbedAws,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    waiting: int,
    given: dict[str, Any],
) -> None:
    steps = Steps(waiting)
    asked(aws)
    ended(aws, steps, tmp_path, monkeypatch, **given).remove()
    assert steps.done == ["delete", "forget"]


ADOPTED = {
    "Tags": [
        {"Key": "samlive:app", "Value": "orders"},
        {"Key": "samlive:stage", "Value": "ana"},
        {"Key": "samlive:adopted", "Value": "true"},
    ],
    "StackId": STACK_ID,
}


@pytest.mark.parametrize("left", [(), ("no JSON",)])
def test_a_stack_that_is_given_back_gets_what_waited(
    aws: StubbedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: tuple[str, ...]
) -> None:
    steps = Steps(left=left)
    asked(aws, **ADOPTED)
    monkeypatch.setattr(teardown, "is_adopted", lambda _: True)
    ended(aws, steps, tmp_path, monkeypatch).restore()
    expected = ["release", "restore", "unpark", "redeliver"]
    assert steps.done == expected + ([] if left else ["forget"])
    assert ("redelivered", 2) in steps.said
