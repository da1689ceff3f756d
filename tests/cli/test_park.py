"""Parking and unparking, with an account that may break after any call."""

import json
from typing import Any

import pytest

from samlive.deploy.faults import AwsError
from samlive.deploy.park import Parking

RESOURCES = {
    "stack": [
        ("Worker", "AWS::Lambda::Function", "stack-Worker-1"),
        ("Kept", "AWS::Lambda::Function", "stack-Kept-1"),
        ("FromQueue", "AWS::Lambda::EventSourceMapping", "queue"),
        ("FromStream", "AWS::Lambda::EventSourceMapping", "stream"),
        ("OffByUser", "AWS::Lambda::EventSourceMapping", "off"),
        ("OfKept", "AWS::Lambda::EventSourceMapping", "kept"),
        ("Child", "AWS::CloudFormation::Stack", "child"),
        ("NotYet", "AWS::Lambda::EventSourceMapping", ""),
    ],
    "child": [
        ("Inner", "AWS::Lambda::Function", "child-Inner-1"),
        ("FromInner", "AWS::Lambda::EventSourceMapping", "inner"),
    ],
}
FUNCTIONS = {
    "queue": "stack-Worker-1",
    "stream": "stack-Worker-1:live",
    "off": "stack-Worker-1",
    "kept": "stack-Kept-1",
    "inner": "child-Inner-1",
}
LIVE = ("Worker", "Child/Inner")


class Crash(Exception):
    pass


class Account:
    """The account as `Parking` sees it; breaks after `budget` changing calls."""

    region = "eu-west-1"

    def __init__(self) -> None:
        self.on = {"queue": True, "stream": True, "off": False, "kept": True, "inner": True}
        self.objects: dict[str, bytes] = {}
        self.has_bucket = False
        self.budget = 1000
        self.busy = 0

    def _spend(self) -> None:
        self.budget -= 1
        if self.budget < 0:
            raise Crash

    def stack_resources(self, stack: str) -> list[dict[str, Any]]:
        names = ("LogicalResourceId", "ResourceType", "PhysicalResourceId")
        return [dict(zip(names, found, strict=True)) for found in RESOURCES[stack]]

    def mapping(self, uuid: str) -> dict[str, Any] | None:
        if uuid not in self.on:
            return None
        arn = f"arn:aws:lambda:eu-west-1:1:function:{FUNCTIONS[uuid]}"
        return {"FunctionArn": arn, "State": "Enabled" if self.on[uuid] else "Disabled"}

    def enable_mapping(self, uuid: str, enabled: bool) -> None:
        self._spend()
        if self.busy:
            self.busy -= 1
            raise AwsError("busy", code="ResourceInUseException")
        if uuid not in self.on:
            raise AwsError("gone", code="ResourceNotFoundException")
        self.on[uuid] = enabled

    def bucket_exists(self, bucket: str, owner: str) -> bool:
        return self.has_bucket

    def make_bucket(self, bucket: str, owner: str, rules: list[dict[str, Any]]) -> None:
        self._spend()
        self.has_bucket = True

    def get_object(self, bucket: str, key: str, owner: str) -> bytes:
        if not self.has_bucket:
            raise AwsError("no bucket", code="NoSuchBucket")
        if key not in self.objects:
            raise AwsError("no key", code="NoSuchKey")
        return self.objects[key]

    def put_object(self, bucket: str, key: str, body: bytes, owner: str) -> None:
        self._spend()
        self.objects[key] = body

    def delete_object(self, bucket: str, key: str, owner: str) -> None:
        self._spend()
        self.objects.pop(key, None)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr("samlive.deploy.park.time.sleep", lambda _: None)
    return Account()


def parking(account: Account) -> Parking:
    return Parking(account, "1", "shop", "ana", "stack")  # type: ignore[arg-type]  # a fake


BEFORE = {"queue": True, "stream": True, "off": False, "kept": True, "inner": True}
PARKED = {"queue": False, "stream": False, "off": False, "kept": True, "inner": False}


def test_nothing_is_touched_when_no_mapping_feeds_a_live_function(account: Account) -> None:
    assert parking(account).park(["Other"]) == 0
    assert account.on == BEFORE
    assert not account.objects and not account.has_bucket


def test_unparking_a_stage_that_is_not_parked_does_nothing(account: Account) -> None:
    assert parking(account).unpark() == 0
    account.has_bucket = True
    assert parking(account).unpark() == 0


def test_live_functions_are_parked_and_get_back_what_they_had(account: Account) -> None:
    assert parking(account).park(LIVE) == 3
    assert account.on == PARKED
    (note,) = account.objects.values()
    assert json.loads(note) == {"stack": "stack", "mappings": ["inner", "queue", "stream"]}
    assert parking(account).unpark() == 3
    assert account.on == BEFORE
    assert account.objects == {}


def test_parking_twice_forgets_nothing(account: Account) -> None:
    parking(account).park(LIVE)
    account.on["stream"] = True
    assert parking(account).park(LIVE) == 3
    assert parking(account).unpark() == 3
    assert account.on == BEFORE


def test_mapping_that_is_gone_is_no_failure(account: Account) -> None:
    parking(account).park(LIVE)
    del account.on["stream"]
    assert parking(account).unpark() == 3
    assert account.on == {name: on for name, on in BEFORE.items() if name != "stream"}


def test_mapping_that_is_being_changed_is_tried_again(account: Account) -> None:
    account.busy = 3
    assert parking(account).park(LIVE) == 3
    assert account.on == PARKED


def test_mapping_that_stays_busy_is_told(account: Account) -> None:
    account.busy = 100
    with pytest.raises(AwsError, match="busy"):
        parking(account).park(LIVE)
    account.busy = 0
    parking(account).unpark()
    assert account.on == BEFORE


@pytest.mark.parametrize("calls", range(6))
def test_crash_while_parking_is_repaired_by_the_next_start(account: Account, calls: int) -> None:
    account.budget = calls
    try:
        parking(account).park(LIVE)
    except Crash:
        pass
    account.budget = 1000
    parking(account).unpark()
    assert account.on == BEFORE
    assert account.objects == {}


@pytest.mark.parametrize("calls", range(5))
def test_crash_while_unparking_is_repaired_by_the_next_start(account: Account, calls: int) -> None:
    parking(account).park(LIVE)
    account.budget = calls
    try:
        parking(account).unpark()
    except Crash:
        pass
    account.budget = 1000
    parking(account).unpark()
    assert account.on == BEFORE
    assert account.objects == {}
