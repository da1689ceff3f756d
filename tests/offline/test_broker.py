"""The IoT stand-in: the unmodified device SDK, AWS's limits, injected faults."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import pytest

from offline_cloud import ROOT_KEY, until

pytestmark = pytest.mark.e2e
TOPIC = "samlive/app/test"
RELAY = "samlive:app:test:relay:abc:0"
PRESENCE = f"{TOPIC}/presence"


class Device:
    """An MQTT 5 client of the device SDK, used as the relay uses it."""

    def __init__(self, aws: Any, client_id: str, endpoint: str, *, root: bool = False) -> None:
        from awscrt import auth, http, mqtt5
        from awsiot import mqtt5_client_builder

        variables = aws.offline.environment
        proxy_host, proxy_port = variables["HTTPS_PROXY"].removeprefix("http://").split(":")
        self.received: list[tuple[str, bytes]] = []
        self.lost = threading.Event()
        self._connected: Future[None] = Future()
        host, _, port = endpoint.partition(":")
        self.client = mqtt5_client_builder.websockets_with_default_aws_signing(
            endpoint=host,
            **({"port": int(port)} if port else {}),
            region=variables["AWS_REGION"],
            credentials_provider=auth.AwsCredentialsProvider.new_static(*_keys(variables, root)),
            ca_filepath=variables["AWS_CA_BUNDLE"],
            http_proxy_options=http.HttpProxyOptions(proxy_host, int(proxy_port)),
            client_id=client_id,
            # The SDK would throttle itself to AWS's limits, which is what is tested here.
            extended_validation_and_flow_control_options=(
                mqtt5.ExtendedValidationAndFlowControlOptions.NONE
            ),
            on_lifecycle_connection_success=lambda _: self._settle(None),
            on_lifecycle_connection_failure=lambda data: self._settle(data.exception),
            on_lifecycle_disconnection=lambda _: self.lost.set(),
            on_publish_received=lambda data: self.received.append(
                (data.publish_packet.topic, data.publish_packet.payload or b"")
            ),
        )

    def _settle(self, error: BaseException | None) -> None:
        if not self._connected.done():
            if error:
                self._connected.set_exception(error)
            else:
                self._connected.set_result(None)

    def connect(self) -> None:
        self.client.start()
        self._connected.result(60)

    def subscribe(self, *filters: str) -> "Future[Any]":
        from awscrt import mqtt5

        packet = mqtt5.SubscribePacket(
            [mqtt5.Subscription(topic, mqtt5.QoS.AT_LEAST_ONCE) for topic in filters]
        )
        sent: Future[Any] = self.client.subscribe(packet)
        return sent

    def publish(self, topic: str, payload: bytes, **other: Any) -> "Future[Any]":
        from awscrt import mqtt5

        packet = mqtt5.PublishPacket(
            topic=topic, qos=mqtt5.QoS.AT_LEAST_ONCE, payload=payload, **other
        )
        sent: Future[Any] = self.client.publish(packet)
        return sent


def _keys(variables: dict[str, str], root: bool) -> tuple[str, str]:
    if root:
        return ROOT_KEY["aws_access_key_id"], ROOT_KEY["aws_secret_access_key"]
    return variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]


@pytest.fixture
def device(aws: Any) -> Iterator[Callable[..., Device]]:
    """Connects devices as root, which limits and faults concern as well.

    At the end they are stopped, and the ledger of limits is emptied.
    """
    made: list[Device] = []

    def connect(name: str, **other: Any) -> Device:
        new = Device(aws, name, **{"endpoint": endpoint_of(aws), "root": True, **other})
        made.append(new)
        new.connect()
        return new

    yield connect
    for each in made:
        each.client.stop()
    aws.http("DELETE", "/_samlive/violations")


@contextmanager
def faults(aws: Any, **chances: Any) -> Iterator[None]:
    status, _ = aws.http("POST", "/_samlive/faults", chances)
    assert status == 200
    try:
        yield
    finally:
        aws.http("POST", "/_samlive/faults", {})


def violations(aws: Any) -> list[Any]:
    found: list[Any] = aws.http("GET", "/_samlive/violations")[1]["violations"]
    return found


def endpoint_of(aws: Any) -> str:
    found: str = aws.client("iot").describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
    return found


def test_the_endpoint_is_on_this_machine(aws: Any) -> None:
    host, _, port = endpoint_of(aws).partition(":")
    assert host.endswith("-ats.iot.us-east-1.localhost")
    assert aws.offline.endpoint_url.endswith(f":{port}")


def test_a_client_id_outside_the_policy_is_refused(aws: Any) -> None:
    stranger = Device(aws, "stranger", endpoint_of(aws))
    try:
        with pytest.raises(Exception, match=r"UNEXPECTED_HANGUP|CONNACK|SOCKET|closed"):
            stranger.connect()
    finally:
        stranger.client.stop()


def test_a_topic_outside_the_policy_is_refused(device: Any) -> None:
    one = device(RELAY, root=False)
    ack = one.publish("elsewhere", b"x").result(60)
    assert ack.puback.reason_code.name == "NOT_AUTHORIZED"


@pytest.mark.parametrize("with_port", [True, False], ids=["port", "443"])
def test_the_developer_talks_through_proxy_and_tls(device: Any, aws: Any, with_port: bool) -> None:
    endpoint = endpoint_of(aws) if with_port else endpoint_of(aws).partition(":")[0]
    one = device(RELAY, root=False, endpoint=endpoint)
    one.subscribe(PRESENCE).result(60)
    one.publish(PRESENCE, b"x" * 100_000).result(60)
    until(lambda: one.received)
    assert one.received == [(PRESENCE, b"x" * 100_000)]
    assert violations(aws) == []


def test_a_payload_over_128_kb_cuts_the_connection(aws: Any) -> None:
    """With MQTT 3.1.1: in MQTT 5 the SDK itself refuses to send what is too large."""
    from awscrt import auth, http, mqtt
    from awsiot import mqtt_connection_builder

    lost = threading.Event()
    variables = aws.offline.environment
    proxy_host, proxy_port = variables["HTTPS_PROXY"].removeprefix("http://").split(":")
    connection = mqtt_connection_builder.websockets_with_default_aws_signing(
        endpoint=endpoint_of(aws).partition(":")[0],
        region=variables["AWS_REGION"],
        credentials_provider=auth.AwsCredentialsProvider.new_static(*_keys(variables, True)),
        ca_filepath=variables["AWS_CA_BUNDLE"],
        http_proxy_options=http.HttpProxyOptions(proxy_host, int(proxy_port)),
        client_id="old",
        reconnect_min_timeout_secs=1,
        on_connection_interrupted=lambda **_: lost.set(),
    )
    connection.connect().result(60)
    try:
        largest = b"x" * (128 * 1024)
        sent, _ = connection.publish(f"{TOPIC}/a", largest, mqtt.QoS.AT_LEAST_ONCE)
        sent.result(60)
        assert violations(aws) == []
        connection.publish(f"{TOPIC}/a", largest + b"x", mqtt.QoS.AT_MOST_ONCE)
        assert lost.wait(60)
        (found,) = violations(aws)
        assert found["detail"] == "131073 bytes in a payload, 131072 are allowed"
    finally:
        connection.disconnect().result(60)
        aws.http("DELETE", "/_samlive/violations")


def test_too_many_levels_cut_the_connection(device: Any, aws: Any) -> None:
    one = device("levels")
    one.publish("samlive/1/2/3/4/5/6/7/8", b"x")
    assert one.lost.wait(60)
    (found,) = violations(aws)
    assert (found["rule"], found["client"]) == ("publish", "levels")
    assert "8 slashes" in found["detail"]


def test_too_many_filters_cut_the_connection(device: Any, aws: Any) -> None:
    one = device("filters")
    one.subscribe(*(f"{TOPIC}/{number}" for number in range(8)))
    assert violations(aws) == []
    one.subscribe(*(f"{TOPIC}/more/{number}" for number in range(9)))
    assert one.lost.wait(60)
    (found,) = violations(aws)
    assert (found["rule"], found["client"]) == ("subscribe", "filters")


def test_publishes_count_in_both_directions(device: Any, aws: Any) -> None:
    one = device("fast")
    one.subscribe(f"{TOPIC}/fast").result(60)
    for number in range(200):
        one.publish(f"{TOPIC}/fast", b"%d" % number)
    until(lambda: violations(aws))
    (found,) = violations(aws)
    assert (found["rule"], found["client"]) == ("rate", "fast")
    assert "100 publishes" in found["detail"]
    assert len(one.received) < 200


def test_bytes_are_limited_too(device: Any, aws: Any) -> None:
    one = device("heavy")
    for _ in range(20):
        one.publish(f"{TOPIC}/heavy", b"x" * 100_000)
    until(lambda: violations(aws))
    assert "524288 bytes" in violations(aws)[0]["detail"]


def test_unknown_faults_are_refused(aws: Any) -> None:
    status, answer = aws.http("POST", "/_samlive/faults", {"explode": 1})
    assert status == 400
    assert answer == {"message": "unknown faults: explode"}


def test_dropped_messages_are_acknowledged_and_never_come(device: Any, aws: Any) -> None:
    one = device("drop")
    one.subscribe(f"{TOPIC}/drop/#").result(60)
    with faults(aws, drop=1, prefix=f"{TOPIC}/drop/lost"):
        one.publish(f"{TOPIC}/drop/lost", b"1").result(60)
        one.publish(f"{TOPIC}/drop/kept", b"2").result(60)
        until(lambda: one.received)
        assert aws.http("GET", "/_samlive/faults")[1]["struck"] == {"drop": 1}
    assert one.received == [(f"{TOPIC}/drop/kept", b"2")]


def test_retained_messages_come_whatever_the_faults(device: Any, aws: Any) -> None:
    one = device("keeper")
    with faults(aws, drop=1):
        one.publish(f"{TOPIC}/kept", b"1", retain=True).result(60)
        one.subscribe(f"{TOPIC}/kept").result(60)
        until(lambda: one.received)
    one.publish(f"{TOPIC}/kept", b"", retain=True).result(60)


def test_repeated_messages_come_twice(device: Any, aws: Any) -> None:
    one = device("repeat")
    one.subscribe(f"{TOPIC}/repeat").result(60)
    with faults(aws, repeat=1):
        one.publish(f"{TOPIC}/repeat", b"1").result(60)
        until(lambda: len(one.received) == 2)


def test_reordered_messages_are_overtaken(device: Any, aws: Any) -> None:
    one = device("reorder")
    one.subscribe(f"{TOPIC}/late", f"{TOPIC}/early").result(60)
    with faults(aws, reorder=1, prefix=f"{TOPIC}/late"):
        one.publish(f"{TOPIC}/late", b"first")  # not waited for: it is held back briefly
        one.publish(f"{TOPIC}/early", b"second")
        until(lambda: len(one.received) == 2)
    assert [payload for _, payload in one.received] == [b"second", b"first"]


def test_a_connection_can_be_cut(device: Any, aws: Any) -> None:
    one = device("cut")
    with faults(aws, disconnect=1):
        one.publish(f"{TOPIC}/cut", b"1")
        assert one.lost.wait(60)


def test_what_the_broker_cannot_do_is_refused(aws: Any) -> None:
    for wanted in ({"explode": True}, {"down": "yes"}, {"cut": 1}):
        status, answer = aws.http("POST", "/_samlive/broker", wanted)
        assert status == 400
        assert answer["message"].startswith("the broker takes no ")


def test_clients_are_cut_by_their_ids(device: Any, aws: Any) -> None:
    one, other = device("cut:1"), device("other:1")
    assert aws.http("POST", "/_samlive/broker", {"cut": "cut:"})[1] == {"clients": 1, "down": False}
    assert one.lost.wait(60)
    assert not other.lost.is_set()


def test_a_mute_connection_stays_open_and_says_nothing(device: Any, aws: Any) -> None:
    one = device("mute")
    one.subscribe(f"{TOPIC}/mute").result(60)
    assert aws.http("POST", "/_samlive/broker", {"mute": "mute"})[1]["clients"] == 1
    sent = one.publish(f"{TOPIC}/mute", b"1")
    other = device("other")
    other.subscribe(f"{TOPIC}/mute").result(60)
    other.publish(f"{TOPIC}/mute", b"2").result(60)
    until(lambda: other.received)
    assert (one.received, sent.done(), one.lost.is_set()) == ([], False, False)


def test_a_broker_that_was_down_remembers_nothing(device: Any, aws: Any) -> None:
    one = device("keeper")
    one.publish(f"{TOPIC}/kept", b"1", retain=True).result(60)
    try:
        aws.http("POST", "/_samlive/broker", {"down": True})
        assert one.lost.wait(60)
        for endpoint in (endpoint_of(aws), endpoint_of(aws).partition(":")[0]):
            with pytest.raises(Exception, match=r"PROXY|WEBSOCKET|SOCKET"):
                device("late", endpoint=endpoint)
    finally:
        assert aws.http("POST", "/_samlive/broker", {"down": False})[1]["down"] is False
    late = device("late")
    late.subscribe(f"{TOPIC}/kept").result(60)
    late.publish(f"{TOPIC}/kept", b"2").result(60)
    until(lambda: late.received)
    assert late.received == [(f"{TOPIC}/kept", b"2")]
