"""What the last session wrote down is used only where it still holds."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from samlive import early
from samlive.access import Access
from samlive.deploy import key
from samlive.deploy.clients import Keys
from samlive.options import BY_NAME
from samlive.settings import Settings
from samlive.state import Project, StageState
from samlive_relay.config import AwsCredentials, Broker
from samlive_relay.errors import RelayError
from samlive_relay.relay import Relay

RECORD = {
    "app": "shop",
    "stack": "shop-ana",
    "region": "eu-west-1",
    "endpoint": "abc-ats.iot.eu-west-1.amazonaws.com",
    "iot_region": "eu-west-1",
    "endpoint_url": None,
}
KEY = key.new()
WHERE = early.Recorded(
    "shop-ana", "eu-west-1", RECORD["endpoint"] or "", "eu-west-1", key.decode(KEY)
)


def settings(folder: Path, **given: Any) -> Settings:
    values = {name: option.default for name, option in BY_NAME.items()}
    return Settings(folder / "template.yaml", given.pop("app", "shop"), values | given)


@pytest.fixture
def state(tmp_path: Path) -> StageState:
    found = Project(tmp_path).of("ana")
    found.write_record(dict(RECORD))
    found.keep_key(KEY)
    return found


def test_a_stage_is_found_where_the_last_session_left_it(state: StageState, tmp_path: Path) -> None:
    found = early.recorded(settings(tmp_path), state, Access({"AWS_DEFAULT_REGION": "eu-west-1"}))
    assert found == WHERE
    assert KEY not in repr(found)


ELSEWHERE: dict[str, tuple[dict[str, Any], Mapping[str, str]]] = {
    "another application": ({"app": "other"}, {}),
    "another stack": ({"stack_name": "other"}, {}),
    "another region": ({"region": "us-east-1"}, {}),
    "another region of the environment": ({}, {"AWS_DEFAULT_REGION": "us-east-1"}),
    "another region of AWS IoT": ({"iot_region": "us-east-1"}, {}),
    "another cloud": ({}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_what_was_written_down_is_not_used_for(
    state: StageState, tmp_path: Path, case: str
) -> None:
    given, environment = ELSEWHERE[case]
    assert early.recorded(settings(tmp_path, **given), state, Access(environment)) is None


def test_a_record_or_key_that_is_not_whole_is_not_used(state: StageState, tmp_path: Path) -> None:
    state.keep_key("short")
    assert early.recorded(settings(tmp_path), state, Access({})) is None
    state.keep_key(KEY)
    state.write_record({**RECORD, "endpoint": None})
    assert early.recorded(settings(tmp_path), state, Access({})) is None
    state.forget()
    assert early.recorded(settings(tmp_path), state, Access({})) is None


class FakeAccount:
    """Has credentials of a profile."""

    def __call__(self) -> Any:
        return self

    def keys(self) -> Keys:
        return Keys("profile", "secret", "token")


def credentials(folder: Path, environment: dict[str, str], **given: Any) -> early.Credentials:
    account = cast(early.Account, FakeAccount())
    return early.Credentials(settings(folder, **given), Access(environment), account)


def test_credentials_of_the_environment_are_used_unless_a_profile_is_named(tmp_path: Path) -> None:
    environment = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    of_profile = AwsCredentials("profile", "secret", "token")
    assert credentials(tmp_path, environment)() == AwsCredentials("a", "b", None)
    assert credentials(tmp_path, environment, profile="work")() == of_profile
    assert credentials(tmp_path, {"AWS_ACCESS_KEY_ID": "a"})() == of_profile


def test_a_connection_that_was_taken_has_the_sessions_own_credentials(tmp_path: Path) -> None:
    async def scenario() -> None:
        relay = FakeRelay()
        relay.go.set()
        found = credentials(tmp_path, {})
        await early.Early(WHERE, cast(Relay, relay), found).take(broker(), WHERE.key)
        assert found() == AwsCredentials("a", "b")

    asyncio.run(scenario())


FOLDER = Path("project")


class FakeRelay:
    """Connects when it is told to."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.go = asyncio.Event()
        self.problem = problem
        self.stopped = False

    async def open(self) -> None:
        await self.go.wait()
        if self.problem is not None:
            raise self.problem

    async def stop(self, drain_seconds: float) -> None:
        self.stopped = True


def broker(endpoint: str = WHERE.endpoint, region: str = WHERE.iot_region) -> Broker:
    return Broker(endpoint, region, lambda: AwsCredentials("a", "b"))


OTHERWISE = {
    "another key": (broker(), bytes(32)),
    "another endpoint": (broker("other-ats.iot.eu-west-1.amazonaws.com"), WHERE.key),
    "another region": (broker(region="us-east-1"), WHERE.key),
}


@pytest.mark.parametrize("case", OTHERWISE)
@pytest.mark.parametrize("connected", [True, False])
def test_a_connection_is_given_up_when_the_account_says(case: str, connected: bool) -> None:
    async def scenario() -> None:
        relay = FakeRelay()
        found = early.Early(WHERE, cast(Relay, relay), credentials(FOLDER, {}))
        if connected:
            relay.go.set()
            await asyncio.sleep(0.01)
        assert await found.take(*OTHERWISE[case]) is None
        assert relay.stopped is connected  # a relay that was still connecting ends by itself

    asyncio.run(scenario())


def test_a_connection_that_fails_is_tried_again_by_the_session() -> None:
    async def scenario() -> None:
        relay = FakeRelay(RelayError("refused"))
        relay.go.set()
        found = early.Early(WHERE, cast(Relay, relay), credentials(FOLDER, {}))
        assert await found.take(broker(), WHERE.key) is None
        await found.drop()

    asyncio.run(scenario())


def test_the_account_agrees_and_the_session_goes_on_with_it() -> None:
    async def scenario() -> None:
        relay = FakeRelay()
        found = early.Early(WHERE, cast(Relay, relay), credentials(FOLDER, {}))
        asyncio.get_running_loop().call_later(0.01, relay.go.set)
        assert await found.take(broker(), WHERE.key) is cast(Relay, relay)
        await found.drop()
        assert not relay.stopped

    asyncio.run(scenario())
