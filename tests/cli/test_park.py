"""Parking and unparking, with an account that may break after any call."""

import itertools
import json
import threading
from typing import Any

import pytest

from samlive.deploy.aws import Identity
from samlive.deploy.faults import AwsError
from samlive.deploy.park import Parking, of_stage
from samlive.deploy.parked_note import Held, Note

ARN = "arn:aws:lambda:eu-west-1:1:function:"
QUEUE = "arn:aws:sqs:eu-west-1:1:samlive_shop_ana_parked"
RESOURCES = {
    "stack": [
        ("Worker", "AWS::Lambda::Function", "stack-Worker-1"),
        ("Kept", "AWS::Lambda::Function", "stack-Kept-1"),
        ("Notify", "AWS::Lambda::Function", "stack-Notify-1"),
        ("NotifyLive", "AWS::Lambda::Alias", f"{ARN}stack-Notify-1:live"),
        ("NotifyVersion", "AWS::Lambda::Version", f"{ARN}stack-Notify-1:3"),
        ("Nightly", "AWS::Lambda::Function", "stack-Nightly-1"),
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
LIVE = ("Worker", "Child/Inner", "Notify", "Nightly")
WAITING = ("Notify", "Nightly")
NIGHTLY = {"MaximumRetryAttempts": 0, "DestinationConfig": {"OnSuccess": {"Destination": "mine"}}}


class Crash(Exception):
    pass


class Account:
    """The account as `Parking` sees it; breaks after `budget` changing calls.

    After each of them an asynchronous event comes for every function, as it may
    at any moment; `lost` counts those that Lambda would throw away.
    """

    region = "eu-west-1"

    def __init__(self) -> None:
        self.on = {"queue": True, "stream": True, "off": False, "kept": True, "inner": True}
        self.reserved: dict[str, int | None] = {"stack-Notify-1": None, "stack-Nightly-1": 5}
        self.configs: dict[str, dict[str, dict[str, Any]]] = {
            "stack-Notify-1": {},
            "stack-Nightly-1": {"": NIGHTLY},
        }
        self.objects: dict[str, bytes] = {}
        self.has_bucket = False
        self.budget = 1000
        self.busy = 0
        self.forbidden: set[str] = set()
        self.messages: dict[str, str] | None = None
        self.hidden: set[str] = set()
        self.ran: list[tuple[str, bytes]] = []
        self.no_queue = False
        self.lost = 0
        self._numbers = itertools.count()

    def state(self) -> Any:
        """All that has to be as it was."""
        return json.loads(json.dumps([self.on, self.reserved, self.configs]))

    def event(self, function: str) -> None:
        """An event arrives while no developer listens: at best it waits."""
        name, _, qualifier = function.partition(":")
        if self.reserved[name] != 0:
            return  # Lambda tries it three times; the stub fails, and that is the user's risk
        config = self.configs[name].get(qualifier, {})
        target = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        if target != QUEUE or self.messages is None:
            self.lost += 1
            return
        number = next(self._numbers)
        record = {"requestContext": {"functionArn": ARN + function}, "requestPayload": number}
        self.messages[str(number)] = json.dumps(record)

    def _spend(self) -> None:
        self.budget -= 1
        if self.budget < 0:
            raise Crash

    def _changed(self) -> None:
        for function in ("stack-Notify-1", "stack-Notify-1:live", "stack-Nightly-1"):
            if function.partition(":")[0] in self.reserved:
                self.event(function)

    # --- cloudformation and mappings

    def stack_resources(self, stack: str) -> list[dict[str, Any]]:
        names = ("LogicalResourceId", "ResourceType", "PhysicalResourceId")
        return [dict(zip(names, found, strict=True)) for found in RESOURCES[stack]]

    def mapping(self, uuid: str) -> dict[str, Any] | None:
        if uuid not in self.on:
            return None
        return {
            "FunctionArn": ARN + FUNCTIONS[uuid],
            "State": "Enabled" if self.on[uuid] else "Disabled",
        }

    def enable_mapping(self, uuid: str, enabled: bool) -> None:
        self._spend()
        if self.busy:
            self.busy -= 1
            raise AwsError("busy", code="ResourceInUseException")
        if uuid not in self.on:
            raise AwsError("gone", code="ResourceNotFoundException")
        self.on[uuid] = enabled

    # --- lambda

    def _known(self, function: str) -> None:
        if function not in self.reserved:
            raise AwsError("gone", code="ResourceNotFoundException")

    def reserved_concurrency(self, function: str) -> int | None:
        self._known(function)
        return self.reserved[function]

    def reserve_concurrency(self, function: str, count: int | None) -> None:
        self._spend()
        self._known(function)
        self.reserved[function] = count
        self._changed()

    def event_configs(self, function: str) -> dict[str, dict[str, Any]]:
        self._known(function)
        copy: dict[str, dict[str, Any]] = json.loads(json.dumps(self.configs[function]))
        return copy

    def set_event_config(
        self, function: str, qualifier: str, config: dict[str, Any] | None
    ) -> None:
        self._spend()
        self._known(function)
        if config and function in self.forbidden:
            raise AwsError("no SendMessage", code="InvalidParameterValueException")
        if config is None:
            self.configs[function].pop(qualifier, None)
        else:
            self.configs[function][qualifier] = config
        self._changed()

    def invoke_event(self, function: str, payload: bytes) -> None:
        self._spend()
        self.ran.append((function, payload))

    # --- sqs

    def make_queue(self, name: str, attributes: dict[str, str], tags: dict[str, str]) -> str:
        self._spend()
        if self.no_queue:
            raise AwsError("deleted a minute ago", code="QueueDeletedRecently")
        assert attributes["MessageRetentionPeriod"] == "1209600"
        assert attributes["SqsManagedSseEnabled"] == "true"
        assert "Policy" not in attributes
        self.messages = {} if self.messages is None else self.messages
        return name

    def queue_url(self, name: str) -> str | None:
        return None if self.messages is None else name

    def queue_counts(self, url: str) -> tuple[int, int]:
        assert self.messages is not None
        return len(self.messages) - len(self.hidden), len(self.hidden)

    def show_messages(self, url: str, receipts: list[str]) -> None:
        self.hidden -= set(receipts)

    def receive(self, url: str, hidden: int, wait: int) -> list[dict[str, Any]]:
        assert self.messages is not None
        shown = [id for id in self.messages if id not in self.hidden][:10]
        if not shown:
            self.hidden.clear()  # until somebody looks again, a minute has gone
        if hidden:
            self.hidden |= set(shown)
        return [{"MessageId": id, "ReceiptHandle": id, "Body": self.messages[id]} for id in shown]

    def delete_messages(self, url: str, receipts: list[str]) -> None:
        self._spend()
        assert self.messages is not None
        for receipt in receipts:
            self.messages.pop(receipt, None)
            self.hidden.discard(receipt)

    def delete_queue(self, url: str) -> None:
        self.messages = None

    # --- s3

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
    for module in ("park", "hold"):
        monkeypatch.setattr(f"samlive.deploy.{module}.time.sleep", lambda _: None)
    monkeypatch.setattr("samlive.deploy.redelivery.PAUSE_SECONDS", 0.0)
    return Account()


def parking(account: Account) -> Parking:
    identity = Identity("1", "arn:aws:iam::1:user/ana")
    return of_stage(account, identity, "shop", "ana", "stack")  # type: ignore[arg-type]  # a fake


def deliver(account: Account) -> Any:
    made = parking(account)
    return made.redeliver(made.unpark(), threading.Event(), 0.0)


ON = {"queue": True, "stream": True, "off": False, "kept": True, "inner": True}
OFF = {"queue": False, "stream": False, "off": False, "kept": True, "inner": False}


def test_nothing_is_touched_when_nothing_calls_a_live_function(account: Account) -> None:
    assert not parking(account).park(["Other"], ["Other"])
    assert account.on == ON
    assert not account.objects and not account.has_bucket and account.messages is None


def test_unparking_a_stage_that_is_not_parked_does_nothing(account: Account) -> None:
    assert not parking(account).unpark()
    account.has_bucket = True
    assert not parking(account).unpark()
    assert not parking(account).release()


def test_mappings_are_disabled_and_enabled_again(account: Account) -> None:
    parked = parking(account).park(LIVE)
    assert (parked.mappings, parked.functions) == (3, 0)
    assert account.on == OFF
    assert account.messages is None, "no queue without need"
    assert parking(account).unpark().mappings == ("inner", "queue", "stream")
    assert account.on == ON
    assert account.objects == {}


def test_functions_are_held_and_get_back_what_they_had(account: Account) -> None:
    before = account.state()
    parked = parking(account).park(LIVE, WAITING)
    assert (parked.mappings, parked.functions, parked.refused) == (3, 2, {})
    ours = {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}
    assert account.reserved == {"stack-Notify-1": 0, "stack-Nightly-1": 0}
    assert account.configs["stack-Notify-1"] == {"": ours, "live": ours, "3": ours}
    assert account.configs["stack-Nightly-1"][""] == {
        "MaximumRetryAttempts": 0,
        "DestinationConfig": {
            "OnSuccess": {"Destination": "mine"},
            "OnFailure": {"Destination": QUEUE},
        },
    }
    parking(account).unpark()
    assert account.state() == before
    assert account.lost == 0


def test_the_note_tells_what_was_there(account: Account) -> None:
    parking(account).park(LIVE, WAITING)
    (text,) = account.objects.values()
    note = Note.decode(text)
    assert Held("stack-Nightly-1", 5, {"": NIGHTLY}) in note.functions
    assert Held("stack-Notify-1", None, {"": None, "live": None, "3": None}) in note.functions
    assert note.waiting == ("stack-Nightly-1", "stack-Notify-1")


def test_notes_of_before_are_read(account: Account) -> None:
    parking(account).park(LIVE)
    (key,) = account.objects
    account.objects[key] = json.dumps({"stack": "stack", "mappings": ["queue"]}).encode()
    parking(account).unpark()
    assert account.on["queue"] and not account.on["stream"]
    assert account.objects == {}


def test_waiting_events_are_given_back_once_and_the_note_is_forgotten(account: Account) -> None:
    parking(account).park(LIVE, WAITING)
    for number in range(25):
        account.event("stack-Notify-1:live" if number % 2 else "stack-Nightly-1")
    made = parking(account)
    noted = made.unpark()
    waiting = [json.loads(body) for body in (account.messages or {}).values()]
    done = made.redeliver(noted, threading.Event(), 0.0)
    assert len(waiting) > 25
    assert done.emptied and not done.left
    assert account.messages == {}
    assert [(ARN + f, json.loads(p)) for f, p in account.ran] == [
        (each["requestContext"]["functionArn"], each["requestPayload"]) for each in waiting
    ]
    assert account.objects == {}


def test_events_are_not_given_back_by_unparking_alone(account: Account) -> None:
    parking(account).park(LIVE, WAITING)
    account.event("stack-Notify-1")
    parking(account).unpark()
    assert account.ran == []
    count, functions = parking(account).waiting()
    assert count and "stack-Notify-1" in functions
    deliver(account)
    assert account.ran


def test_what_the_user_throttled_is_left_alone(account: Account) -> None:
    account.reserved["stack-Notify-1"] = 0
    before = account.state()
    assert parking(account).park(["Notify"], ["Notify"]) == parking(account).park([])
    assert account.state() == before


def test_a_destination_that_is_not_in_the_template_is_left_alone(account: Account) -> None:
    own = {"DestinationConfig": {"OnFailure": {"Destination": "theirs"}}}
    account.configs["stack-Notify-1"]["live"] = own
    parked = parking(account).park(LIVE, WAITING)
    assert parked.functions == 1
    assert parked.refused == {"Notify": "its failed events go to a destination of its own"}
    assert account.reserved["stack-Notify-1"] is None


def test_a_function_whose_role_may_not_send_is_named_and_left_as_it_was(account: Account) -> None:
    account.forbidden.add("stack-Notify-1")
    parked = parking(account).park(LIVE, WAITING)
    assert parked.functions == 1
    assert "its role may not send to the queue" in parked.refused["Notify"]
    assert account.reserved["stack-Notify-1"] is None
    assert account.configs["stack-Notify-1"] == {}
    assert account.lost == 0


@pytest.mark.parametrize("call", ["event_configs", "set_event_config", "reserve_concurrency"])
def test_who_may_not_change_functions_parks_queues_and_streams(account: Account, call: str) -> None:
    before = account.state()

    def denied(*_: Any) -> None:
        raise AwsError(f"You may not call {call}", code="AccessDeniedException")

    may = getattr(account, call)
    setattr(account, call, denied if call == "event_configs" else first(denied, may))
    parked = parking(account).park(LIVE, ["Notify"])
    setattr(account, call, may)
    assert (parked.mappings, parked.functions) == (3, 0)
    assert parked.refused == {"Notify": f"You may not call {call}"}
    parking(account).unpark()
    assert account.state() == before and account.lost == 0


def first(once: Any, then: Any) -> Any:
    """Return what is done one way the first time, and another way after that."""
    ways = itertools.chain([once], itertools.repeat(then))
    return lambda *given: next(ways)(*given)


def test_queues_and_streams_wait_although_the_queue_cannot_be_made(account: Account) -> None:
    account.no_queue = True
    before = account.state()
    parked = parking(account).park(LIVE, WAITING)
    assert (parked.mappings, parked.functions) == (3, 0)
    assert set(parked.refused) == {"Notify", "Nightly"}
    assert "queue cannot be made: deleted a minute ago" in parked.refused["Notify"]
    assert parking(account).unpark().waiting == ()
    assert account.objects == {}
    assert account.state() == before and account.lost == 0


def test_what_a_deploy_changed_meanwhile_stays(account: Account) -> None:
    parking(account).park(LIVE, WAITING)
    account.reserved["stack-Nightly-1"] = 7
    account.configs["stack-Notify-1"]["live"] = {"MaximumRetryAttempts": 1}
    parking(account).unpark()
    assert account.reserved["stack-Nightly-1"] == 7
    assert account.configs["stack-Notify-1"] == {"live": {"MaximumRetryAttempts": 1}}


def test_functions_are_released_before_a_deploy_and_mappings_after_it(account: Account) -> None:
    before = account.state()
    parking(account).park(LIVE, WAITING)
    assert parking(account).release()
    assert (account.reserved, account.configs) == (before[1], before[2])
    assert account.on == OFF
    noted = parking(account).unpark()
    assert noted.waiting and account.state() == before


def test_parking_twice_forgets_nothing(account: Account) -> None:
    before = account.state()
    parking(account).park(LIVE, WAITING)
    account.on["stream"] = True
    assert parking(account).park(LIVE, WAITING).mappings == 3
    parking(account).unpark()
    assert account.state() == before


@pytest.mark.parametrize("calls", range(1, 14))
def test_a_session_that_begins_while_another_one_parks_is_not_parked(
    account: Account, calls: int
) -> None:
    before = account.state()
    began = []

    def begin(name: str, call: Any) -> Any:
        def called(*given: Any) -> Any:
            answer = call(*given)
            began.append(name)
            if len(began) == calls:
                parking(account).unpark()
            return answer

        return called

    for name in ("enable_mapping", "reserve_concurrency", "set_event_config", "put_object"):
        setattr(account, name, begin(name, getattr(account, name)))
    parked = parking(account).park(LIVE, WAITING)
    if len(began) >= calls:
        assert not parked
        assert account.state() == before
    if calls <= 8:  # until the first function is stopped
        assert account.lost == 0


def test_what_is_gone_is_no_failure(account: Account) -> None:
    parking(account).park(LIVE, WAITING)
    del account.on["stream"], account.reserved["stack-Nightly-1"]
    parking(account).unpark()
    assert account.on == {name: on for name, on in ON.items() if name != "stream"}
    assert account.reserved == {"stack-Notify-1": None}


def test_mapping_that_is_being_changed_is_tried_again(account: Account) -> None:
    account.busy = 3
    assert parking(account).park(LIVE).mappings == 3
    assert account.on == OFF


def test_mapping_that_stays_busy_is_told(account: Account) -> None:
    account.busy = 100
    with pytest.raises(AwsError, match="busy"):
        parking(account).park(LIVE)
    account.busy = 0
    parking(account).unpark()
    assert account.on == ON


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("no JSON", "Expecting value"),
        ("[]", "no JSON object"),
        ('{"requestPayload": 1}', "names no function"),
        (json.dumps({"requestContext": {"functionArn": f"{ARN}stack-Notify-1"}}), "no event"),
        (
            json.dumps({"requestContext": {"functionArn": f"{ARN}victim"}, "requestPayload": 1}),
            "victim is no function of this stage",
        ),
    ],
)
def test_a_message_of_somebody_else_stays_and_others_are_given(
    account: Account, body: str, why: str
) -> None:
    parking(account).park(LIVE, WAITING)
    account.event("stack-Notify-1")
    assert account.messages is not None
    account.messages["strange"] = body
    done = deliver(account)
    assert account.ran
    assert list(account.messages) == ["strange"]
    assert any(why in reason for reason in done.left)
    assert account.objects, "it is looked at again at the next start"


def test_an_event_that_lambda_does_not_take_is_kept(account: Account) -> None:
    parking(account).park(LIVE, WAITING)
    account.event("stack-Notify-1")
    made = parking(account)
    noted = made.unpark()
    waiting = dict(account.messages or {})
    account.budget = 0
    with pytest.raises(Crash):
        made.redeliver(noted, threading.Event(), 0.0)
    assert account.messages == waiting
    account.budget = 1000
    deliver(account)
    assert account.messages == {} and account.objects == {}


def test_a_session_that_ends_shows_what_it_has_not_given(account: Account) -> None:
    parking(account).park(LIVE, WAITING)
    for _ in range(15):
        account.event("stack-Notify-1")
    made, stop = parking(account), threading.Event()
    noted = made.unpark()
    count = len(account.messages or {})

    def give(function: str, payload: bytes) -> None:
        account.ran.append((function, payload))
        if len(account.ran) == 3:
            stop.set()

    account.invoke_event = give  # type: ignore[method-assign]
    done = made.redeliver(noted, stop, 0.0)
    assert (done.count, done.emptied) == (3, False)
    assert len(account.messages or {}) == count - 3 and not account.hidden
    assert account.objects, "the next start goes on"


def test_an_event_is_given_as_it_was_written(account: Account) -> None:
    parking(account).park(LIVE, WAITING)
    payload = '{"a": 1.10, "b": [1e400, 12345678901234567890123], "ü": "\\u00fc", "a": 2}'
    record = '{ "requestContext" :{"functionArn":"%s"},\n"requestPayload" : %s , "x":{}}'
    made = parking(account)
    noted = made.unpark()
    account.messages = {"1": record % (f"{ARN}stack-Notify-1:live", payload)}
    made.redeliver(noted, threading.Event(), 0.0)
    assert account.ran == [("stack-Notify-1:live", payload.encode())]


def test_a_stage_that_is_gone_leaves_neither_queue_nor_note(account: Account) -> None:
    parking(account).park(LIVE, WAITING)
    parking(account).forget()
    assert account.messages is None and account.objects == {}


def _steps(what: str) -> range:
    """Return how many changing calls something takes, as budgets."""
    account = Account()
    if what != "park":
        parking(account).park(LIVE, WAITING)
    before = account.budget
    if what == "park":
        parking(account).park(LIVE, WAITING)
    else:
        deliver(account)
    return range(before - account.budget)


@pytest.mark.parametrize("calls", _steps("park"))
def test_crash_while_parking_is_repaired_by_the_next_start(account: Account, calls: int) -> None:
    before = account.state()
    account.budget = calls
    with pytest.raises(Crash):
        parking(account).park(LIVE, WAITING)
    account.budget = 1000
    deliver(account)
    assert account.state() == before
    assert account.objects == {}
    assert not account.messages
    assert account.lost == 0


@pytest.mark.parametrize("calls", _steps("unpark"))
def test_crash_while_unparking_is_repaired_by_the_next_start(account: Account, calls: int) -> None:
    before = account.state()
    parking(account).park(LIVE, WAITING)
    account.budget = calls
    with pytest.raises(Crash):
        deliver(account)
    account.budget = 1000
    deliver(account)
    assert account.state() == before
    assert account.objects == {}
    assert not account.messages
    assert account.lost == 0
