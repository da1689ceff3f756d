"""One stage cannot be reached from another, nor with all of IoT's permissions and no key."""

import os
import random
from collections.abc import Iterator

import pytest

from fault_bench import Bench, until
from live_session import PROJECTS, Ready, Way, copy_project, running
from principals import Principal, new_user
from samlive.deploy.key import decode
from samlive_stub.contract import Settings, presence_topic, reply_topic, request_topic
from samlive_stub.seal import Sealer, SealError

pytestmark = pytest.mark.e2e

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
EVERYTHING = ("samlive/#", *(presence_topic("faulty", stage) for stage in ("faults", "faults-2")))
WORKER = f"{1:032x}-00000001"


def settings_of(session: Ready, function: str = "PythonRecorder") -> Settings:
    """What the transform wrote for a function, its stage's key included."""
    functions = session.client("lambda")
    found = functions.get_function_configuration(FunctionName=session.physical(function))
    return Settings.decode(found["Environment"]["Variables"]["SAMLIVE"])


@pytest.fixture(scope="module")
def neighbour(way: Way, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ready]:
    """A stage of the same application whose name begins with the other one's."""
    folder = tmp_path_factory.mktemp("neighbour")
    template = copy_project(PROJECTS / "faulty", folder) / "template.yaml"
    with running(Way("neighbour", ("--stage", "faults-2"), way.environment), template) as session:
        yield session


@pytest.fixture(scope="module")
def function(bench: Bench) -> Principal:
    """A live function of the first stage, with the credentials of its role."""
    answer, error = bench.call(action="environment", names=KEYS)
    assert error is None, answer
    settings = settings_of(bench.session)
    return Principal(settings.endpoint, settings.region, answer)


@pytest.fixture(scope="module")
def eve(bench: Bench) -> Principal:
    """Somebody in the account who may do everything with IoT, and has no key of a stage."""
    settings = settings_of(bench.session)
    return Principal(
        settings.endpoint, settings.region, new_user(bench.session.aws, "eve", "iot:*")
    )


def test_a_function_may_use_its_own_stage_as_a_stub(function: Principal) -> None:
    """Else the refusals below would prove nothing."""
    own = reply_topic("faulty", "faults", WORKER)
    client = f"samlive:faulty:faults:stub:{WORKER}"
    assert function.refused(client, presence_topic("faulty", "faults"), own) == ""
    assert function.may_publish(client, own, request_topic("faulty", "faults", "none", 0))


@pytest.mark.parametrize(
    ("client", "topic", "phase"),
    [
        ("samlive:faulty:faults-2:stub:1", "samlive/faulty/faults/reply/1", "connect"),
        ("samlive:faulty:faults:relay:1:0", "samlive/faulty/faults/reply/1", "connect"),
        ("eve", "samlive/faulty/faults/reply/1", "connect"),
        ("samlive:faulty:faults:stub:1", "samlive/faulty/faults-2/presence", "subscribe"),
        ("samlive:faulty:faults:stub:1", "samlive/faulty/faults-2/reply/1", "subscribe"),
        ("samlive:faulty:faults:stub:1", "samlive/faulty/faults-2/request/#", "subscribe"),
        ("samlive:faulty:faults:stub:1", "samlive/faulty/+/reply/1", "subscribe"),
        ("samlive:faulty:faults:stub:1", "samlive/faulty/#", "subscribe"),
        ("samlive:faulty:faults:stub:1", "samlive/faulty/faults/request/#", "subscribe"),
        ("samlive:faulty:faults:stub:1", "#", "subscribe"),
    ],
)
def test_a_function_can_neither_connect_nor_subscribe_elsewhere(
    neighbour: Ready, function: Principal, client: str, topic: str, phase: str
) -> None:
    assert function.refused(client, topic) == phase


@pytest.mark.parametrize(
    "topic",
    [
        "samlive/faulty/faults-2/request/s/0",
        "samlive/faulty/faults-2/presence",
        f"samlive/faulty/faults-2/reply/{WORKER}",
        "samlive/faulty/faults/presence",
        f"samlive/faulty/faults/reply/{WORKER}",
        "samlive/other/faults/request/s/0",
    ],
)
def test_a_function_cannot_publish_elsewhere(
    neighbour: Ready, function: Principal, topic: str
) -> None:
    own = reply_topic("faulty", "faults", WORKER)
    assert not function.may_publish(f"samlive:faulty:faults:stub:{WORKER}", own, topic)


def test_all_of_iots_permissions_without_the_key_learn_nothing(
    bench: Bench, neighbour: Ready, eve: Principal
) -> None:
    """The first call of a stage: its stub sends the variables and the role's credentials."""
    event = {"value": "the-secret-event" * 50, "action": "environment", "names": KEYS}
    with eve.connected("eve-listens", *EVERYTHING) as connection:
        role, error = neighbour.invoke("PythonRecorder", event)
        assert error is None, role
        until(lambda: len({_kind(topic) for topic, _ in eve.listen(connection, 0.05)}) == 3)
        eve.listen(connection, 0.3)
    packets = [(topic, payload) for topic, payload in eve.heard if "/faults-2/" in topic]
    assert {_kind(topic) for topic, _ in packets} == {"presence", "request", "reply"}
    everything = b"".join(payload for _, payload in packets)
    for secret in ("the-secret-event", "correct-horse-battery", "Recorder", *role.values()):
        assert secret.encode() not in everything
    own, other = settings_of(neighbour).key, settings_of(bench.session).key
    assert own != other
    for topic, payload in packets:
        assert Sealer(decode(own)).open(topic, payload), "else this would prove nothing"
        for key in (os.urandom(32), decode(other)):
            with pytest.raises(SealError):
                Sealer(key).open(topic, payload)


def _kind(topic: str) -> str:
    return topic.split("/")[3]


def test_all_of_iots_permissions_without_the_key_change_nothing(
    bench: Bench, neighbour: Ready, eve: Principal
) -> None:
    """Whatever is replayed, spoiled, moved to another topic or made up: nothing comes of it."""
    dice = random.Random(4)
    journal = bench.journal()
    captured: list[tuple[str, bytes]] = []
    with eve.connected("eve-listens", *EVERYTHING) as connection:
        eve.heard.clear()
        for value in ("told", "told-more"):
            assert bench.call(value, journal=str(journal.path)) == (value, None)
        until(lambda: [_kind(t) for t, _ in eve.listen(connection, 0.05)].count("reply") >= 2)
        captured += eve.heard
    packets = _spoiled(dice, captured)
    with eve.connected("eve-speaks", "unused") as connection:
        for number, (topic, payload) in enumerate(packets):
            eve.publish(connection, topic, payload)
            if number % 40 == 39:
                eve.listen(connection, 1.0)  # below the limits of AWS IoT
                value = f"meanwhile-{number}"
                assert bench.call(value, journal=str(journal.path)) == (value, None)
    assert bench.call("after", journal=str(journal.path)) == ("after", None)
    runs = journal.runs()
    assert len(runs) == len(set(runs)) and runs[0] == "told" and runs[-1] == "after"
    warnings = _warnings(bench)
    assert warnings and len(warnings) == len(set(warnings)), "each reason is told once"
    assert len(warnings) <= 4


@pytest.mark.parametrize("payload", [b"", b"garbage"], ids=["deleted", "replaced"])
def test_a_deleted_presence_comes_back(bench: Bench, eve: Principal, payload: bytes) -> None:
    """New environments find the relay again, which they look for in what is retained."""
    topic = presence_topic("faulty", "faults")
    iot = bench.session.client("iot-data")
    before = iot.get_retained_message(topic=topic)["payload"]

    def healed() -> bool:
        try:
            found = bytes(iot.get_retained_message(topic=topic)["payload"])
        except iot.exceptions.ResourceNotFoundException:
            return False
        return found not in (before, payload)

    eve.retain(bench.session.aws, topic, payload)
    until(healed)
    assert bench.call("found") == ("found", None)


def _spoiled(dice: random.Random, captured: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    topics = sorted({topic for topic, _ in captured})
    packets = list(captured) * 3
    for topic, payload in captured:
        at = dice.randrange(len(payload))
        packets += [
            (topic, payload[:at]),
            (topic, payload[:at] + bytes((payload[at] ^ 1,)) + payload[at + 1 :]),
            (topic, payload + b"x"),
            (dice.choice(topics), payload),
            (topic.replace("/faults/", "/faults-2/"), payload),
            (topic.replace("/faults-2/", "/faults/"), payload),
            (topic, dice.randbytes(dice.randrange(300))),
        ]
    packets += [(topic, dice.randbytes(100_000)) for topic in topics]
    dice.shuffle(packets)
    return packets


def _warnings(bench: Bench) -> list[str]:
    """What the session has said of refused messages until now."""
    live = bench.session.live
    bench.call(action="raise", message="flush")
    live.expect("invocation", where=lambda e: e.get("error", {}).get("message") == "flush")
    said = [event["text"] for event in live.events if event["event"] == "warning"]
    return [text for text in said if "Refused a message" in text]
