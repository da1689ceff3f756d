"""The first use of AWS IoT in an account: its name takes a while to resolve."""

import threading

import pytest

from samlive import first_use
from samlive.access import Access
from samlive.deploy import pace
from samlive.deploy.pace import Interrupted, Pace
from samlive.errors import SamliveError

HOST = "abc-ats.iot.eu-central-1.amazonaws.com"


class Names:
    """A resolver that knows a name after some looks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        self.looks = 0
        self.after = after
        monkeypatch.setattr(first_use, "_resolves", self.resolves)
        monkeypatch.setattr(pace, "FIRST_SECONDS", 0)
        monkeypatch.setattr(pace, "LONGEST_SECONDS", 0)

    def resolves(self, host: str) -> bool:
        assert host == HOST
        self.looks += 1
        return self.looks > self.after


def test_name_that_never_resolves_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, after=10**9)
    monkeypatch.setattr(first_use, "LONGEST_SECONDS", -1)
    with pytest.raises(SamliveError, match="does not resolve"):
        first_use.wait(HOST, Access({}), Pace(threading.Event()), print)


def test_user_may_stop_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, after=10**9)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        first_use.wait(HOST, Access({}), Pace(stop), lambda _: None)


@pytest.mark.parametrize(
    ("endpoint", "variables"),
    [
        ("x.iot.eu-central-1.localhost:4566", {}),
        (HOST, {"HTTPS_PROXY": "http://proxy:3128"}),
    ],
)
def test_names_that_others_resolve_are_not_looked_up(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, variables: dict[str, str]
) -> None:
    names = Names(monkeypatch, after=10**9)
    first_use.wait(endpoint, Access(variables), Pace(threading.Event()), print)
    assert names.looks == 0


def test_known_name_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    Names(monkeypatch, after=0)
    first_use.wait(HOST + ":443", Access({}), Pace(threading.Event()), told.append)
    assert told == []


def test_wait_is_explained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    Names(monkeypatch, after=3)
    first_use.wait(HOST, Access({}), Pace(threading.Event()), told.append)
    assert len(told) == 1
    assert "first time" in told[0]


def test_names_are_really_looked_up() -> None:
    assert first_use._resolves("127.0.0.1")
    assert not first_use._resolves("does-not-exist.invalid")
