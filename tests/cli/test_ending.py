"""How a session begins and ends for a stage that is parked, apart from any account."""

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from samlive import ending
from samlive.deploy.park import Parked
from samlive.deploy.parked_note import Held, Note
from samlive.deploy.redelivery import Redelivered
from samlive.errors import SamliveError
from samlive.signals import Stop
from samlive.waking import Waking
from samlive_transform import parse, transform
from samlive_transform.report import FunctionReport
from transform_stage import options


def function(name: str, **more: Any) -> FunctionReport:
    template = {"Resources": {name: {"Type": "AWS::Serverless::Function", "Properties": {}}}}
    tree = {"Transform": "AWS::Serverless-2016-10-31", **template}
    (found,) = transform(parse(json.dumps(tree)), options()).report.functions
    return replace(found, **more)


class Said(list[tuple[str, dict[str, Any]]]):
    """Takes what is told."""

    def tell(self, event: str, **fields: Any) -> None:
        self.append((event, fields))


@dataclass
class FakeParking:
    """What was asked of a stage's parking, in order."""

    noted: Note = field(default_factory=Note)
    parked: Parked = field(default_factory=lambda: Parked(0, 0, {}))
    fails: bool = False
    left: tuple[str, ...] = ()
    asked: list[Any] = field(default_factory=list)

    def park(self, live: list[str], waiting: list[str]) -> Parked:
        self.asked.append(("park", live, waiting))
        if self.fails:
            raise SamliveError("no")
        return self.parked

    def release(self) -> bool:
        self.asked.append("release")
        return bool(self.noted.functions)

    def unpark(self) -> Note:
        self.asked.append("unpark")
        return self.noted

    def redeliver(
        self, noted: Note, stop: threading.Event, quiet: float, told: Callable[[int], None]
    ) -> Redelivered:
        self.asked.append("redeliver")
        if self.fails:
            raise SamliveError("the queue is gone")
        told(3)
        return Redelivered(3, self.left, True)


@dataclass
class FakeDeployment:
    """A stage in no account."""

    made: FakeParking
    stage: str = "ana"
    stack_name: str = "shop-ana"

    def parking(self) -> FakeParking:
        return self.made


FUNCTIONS = (
    function("Reader"),
    function("Told", parkable=True),
    function("Both", unparkable="its event Post may wait for its answers"),
)


def settled(parking: FakeParking, stopped: bool = False, **more: Any) -> tuple[str, str]:
    given = {"finished": True, "offline": False, "on_exit": "park", "functions": FUNCTIONS, **more}
    last = ending.Last(FakeDeployment(parking), **given)  # type: ignore[arg-type]  # a fake

    async def run() -> tuple[str, str]:
        stop = Stop()
        if stopped:
            stop.end("the test stops it")
        return await ending.settle(last, stop)

    return asyncio.run(run())


def test_nothing_is_parked_when_that_is_wanted_or_there_is_nothing_to_park() -> None:
    parking = FakeParking()
    left, text = settled(parking, on_exit="keep")
    assert (left, parking.asked) == ("kept", [])
    left, text = settled(parking)
    assert left == "kept"
    assert parking.asked == [("park", ["Reader", "Told", "Both"], ["Told"])]
    assert "Both (its event Post may wait for its answers)" in text


@pytest.mark.parametrize("on_exit", ["park", "remove", "restore"])
@pytest.mark.parametrize("finished", [True, False])
def test_a_stage_that_was_taken_over_is_left_to_who_has_it(on_exit: str, finished: bool) -> None:
    parking = FakeParking()
    more = {"successor": "bob@desk", "finished": finished, "let_go": True}
    left, text = settled(parking, stopped=True, on_exit=on_exit, **more)
    assert (left, parking.asked) == ("kept", [])
    assert "bob@desk serves it now" in text


@pytest.mark.parametrize(
    ("mappings", "functions", "expected"),
    [
        (1, 0, "1 event source mapping is disabled, so queues and streams wait;"),
        (0, 1, "events of 1 function wait in the stage's queue;"),
        (2, 2, "mappings are disabled, so queues and streams wait and events of 2 functions wait"),
    ],
)
def test_what_waits_is_told(mappings: int, functions: int, expected: str) -> None:
    refused = {"Told": "its role may not send to the queue"}
    left, text = settled(FakeParking(parked=Parked(mappings, functions, refused)))
    assert left == "parked"
    assert expected in text
    assert "Both (its event Post may wait for its answers); Told (its role may not" in text


def test_what_was_let_go_for_a_deploy_that_failed_is_parked_again() -> None:
    parking = FakeParking()
    assert settled(parking, finished=False, let_go=True)[0] == "unfinished"
    assert len(parking.asked) == 1
    assert settled(FakeParking(fails=True), finished=False, let_go=True)[0] == "unfinished"


@pytest.mark.parametrize(("let_go", "stopped"), [(False, False), (True, True)])
def test_a_deploy_that_goes_on_is_left_alone(let_go: bool, stopped: bool) -> None:
    parking = FakeParking()
    assert settled(parking, stopped, finished=False, let_go=let_go)[0] == "unfinished"
    assert parking.asked == []


def woken(parking: FakeParking, release: bool = False) -> Said:
    said = Said()
    waking = Waking(parking, "shop-ana", said)  # type: ignore[arg-type]  # fakes

    async def run() -> None:
        if release:
            waking.release()
        waking.unpark()
        waking.start()
        await waking.end()

    asyncio.run(run())
    return said


def test_nothing_is_said_of_a_stage_that_was_not_parked() -> None:
    parking = FakeParking()
    assert woken(parking) == []
    assert parking.asked == ["unpark"]


def test_a_parked_stage_is_let_go_and_events_are_given_back() -> None:
    parking = FakeParking(Note(waiting=("told",)))
    assert woken(parking) == [
        ("deploy", {"status": "unparked", "stack": "shop-ana"}),
        ("deploy", {"status": "redelivered", "stack": "shop-ana", "events": 3}),
    ]
    assert parking.asked == ["unpark", "redeliver"]


def test_functions_are_let_go_before_the_deploy() -> None:
    parking = FakeParking(Note(functions=(Held("told"),), waiting=("told",)))
    woken(parking, release=True)
    assert parking.asked == ["release", "unpark", "redeliver"]


def test_what_cannot_be_given_back_ends_no_session() -> None:
    (_, (event, fields)) = woken(FakeParking(Note(waiting=("told",)), fails=True))
    assert event == "warning"
    assert "until the next start: the queue is gone" in fields["text"]
    *_, (event, fields) = woken(FakeParking(Note(waiting=("told",)), left=("no JSON",)))
    assert (event, fields["text"]) == (
        "warning",
        "A message stays in the stage's queue: no JSON.",
    )
