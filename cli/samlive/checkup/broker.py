"""The way to AWS IoT, step by step: endpoint, proxy, name, TLS, WebSocket and MQTT.

The relay only says that it cannot connect; here each step is made by itself, with the same
sockets, certificates and proxy as the relay's, and what follows a step that fails is not tried.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from samlive.checkup.finding import Finding
from samlive.checkup.patient import Patient

if TYPE_CHECKING:
    from samlive_relay.config import Broker

SECONDS = 5.0
_PROXY_HINT = "Set HTTPS_PROXY, or name the host in NO_PROXY when it needs none."
_TRUST_HINT = (
    "A proxy that looks into TLS has a certificate of its own: name your company's certificates "
    "in AWS_CA_BUNDLE."
)


def check(patient: Patient) -> Iterator[Finding]:
    """Each step on the way to AWS IoT until one fails."""
    patient.needs_account()
    broker = _broker(patient)
    yield Finding("iot endpoint", "ok", f"AWS IoT is {broker.endpoint}")
    for step in (_proxy, _name, _tls, _mqtt):
        finding = step(patient, broker)
        yield finding
        if finding.state == "fail":
            return


def _broker(patient: Patient) -> "Broker":
    from samlive_relay.config import AwsCredentials, Broker

    keys = patient.aws.keys()
    found = AwsCredentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
    access = patient.access
    return Broker(
        patient.endpoint,
        patient.iot_region,
        lambda: found,
        access.ca_file,
        access.proxy(patient.endpoint),
    )


def _proxy(patient: Patient, broker: "Broker") -> Finding:
    from samlive_relay.transports.dial import proxy_of

    if broker.proxy is None:
        return Finding("iot proxy", "ok", "no proxy on the way to AWS IoT")
    host, port, user = proxy_of(broker.proxy)
    with_password = ", with a password" if user else ""
    try:
        socket.create_connection((host, port), SECONDS).close()
    except OSError as error:
        text = f"the proxy {host}:{port} cannot be reached: {error}"
        return Finding("iot proxy", "fail", text, _PROXY_HINT)
    return Finding("iot proxy", "ok", f"the proxy {host}:{port} answers{with_password}")


def _name(patient: Patient, broker: "Broker") -> Finding:
    from samlive_relay.transports.dial import address_of

    host, port, _ = address_of(broker)
    if broker.proxy is not None:
        return Finding("iot name", "ok", "the proxy looks up the name")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return Finding(
            "iot name",
            "fail",
            f"{host} does not resolve: {error}",
            "A new endpoint takes minutes to appear. Else check the name servers, or set "
            "HTTPS_PROXY.",
        )
    return Finding("iot name", "ok", f"{host} is {found[0][4][0]}")


def _tls(patient: Patient, broker: "Broker") -> Finding:
    from samlive_relay.transports.dial import address_of, describe, dial

    try:
        dial(broker, SECONDS).close()
    except OSError as error:
        text = describe(error)
        hint = _TRUST_HINT if text.startswith("TLS") else f"Open port 443 to it. {_PROXY_HINT}"
        return Finding("iot tls", "fail", f"AWS IoT cannot be reached: {text}", hint)
    secured = address_of(broker)[2]
    text = "TLS is spoken with AWS IoT" if secured else "the cloud on this machine speaks no TLS"
    return Finding("iot tls", "ok", text)


def _mqtt(patient: Patient, broker: "Broker") -> Finding:
    """Connect as a relay does, and subscribe to the stage's presence; nothing is published."""
    from samlive_relay.transports.dial import dial
    from samlive_stub.contract import presence_topic, relay_client_id
    from samlive_stub.session import BrokerSession, Refused
    from samlive_stub.sigv4 import presign

    app, stage = patient.settings.app, patient.stage or "doctor"
    keys = broker.credentials()
    signed = (keys.access_key_id, keys.secret_access_key, keys.session_token)
    path = presign(broker.endpoint, broker.region, *signed, time.time())
    client = relay_client_id(app, stage, "doctor", 0)
    topics = (presence_topic(app, stage),)
    session = BrokerSession(broker.endpoint, path, client, topics, pipelined=False)
    try:
        with closing(dial(broker, SECONDS)) as connection:
            while not session.ready:
                connection.sendall(session.take_output(time.monotonic()))
                data = connection.recv(65536)
                if not data:
                    raise ConnectionError("the connection was closed")
                session.feed(data, time.monotonic())
    except Refused as refused:
        return Finding(
            "iot mqtt", "fail", f"AWS IoT refuses: {refused}", _MQTT_HINTS[refused.phase]
        )
    except (OSError, ValueError) as error:
        hint = "Something on the way, a proxy perhaps, does not let WebSockets through."
        return Finding(
            "iot mqtt", "fail", f"no MQTT over WebSocket ({session.phase}): {error}", hint
        )
    return Finding("iot mqtt", "ok", "MQTT over WebSocket works, and you may listen")


_MQTT_HINTS = {
    "upgrade": "Check the credentials and this machine's clock.",
    "connect": "You need iot:Connect on client/samlive:*:relay:*.",
    "subscribe": "You need iot:Subscribe on topicfilter/samlive/*/presence.",
    "publish": "",
}
