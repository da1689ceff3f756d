"""The stub as Lambda runs it: the layer's wrapper, a process, sockets."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from process_tree import descriptors, private_kib


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def test_without_settings_init_fails_and_says_what_to_do(
    api: Any, start: Any, error_of: Any
) -> None:
    environment = start(SAMLIVE="a=shop;s=ana")
    _, kind, headers, body = api.result()
    assert kind == "error"
    assert headers["lambda-runtime-function-error-type"] == "SamLive.InvalidSettings"
    error_type, message = error_of(body)
    assert error_type == "SamLive.InvalidSettings"
    assert "SAMLIVE lacks function, endpoint, region, key" in message
    assert environment.process.wait(60) == 1


def test_a_key_that_is_none_fails_init(api: Any, start: Any, settings: Any, error_of: Any) -> None:
    start(settings(key="not-a-key"))
    _, _, _, body = api.result()
    assert "does not hold the stage's key" in error_of(body)[1]


def test_without_a_relay_queues_keep_their_messages_and_http_callers_get_a_503(
    api: Any, start: Any, error_of: Any
) -> None:
    start()
    kind, body = api.invoke(b'{"Records":[{"eventSource":"aws:sqs"}]}', "r-1")
    assert kind == "error"
    assert error_of(body)[0] == "SamLive.RelayAbsent"
    assert "Start samlive dev" in error_of(body)[1]
    http = {"version": "2.0", "requestContext": {"http": {"method": "GET"}}}
    kind, body = api.invoke(json.dumps(http).encode(), "r-2")
    assert kind == "response"
    response = json.loads(body)
    assert response["statusCode"] == 503
    assert "Nobody runs this function" in json.loads(response["body"])["message"]


def test_without_a_relay_the_policy_drop_lets_events_go(
    api: Any, start: Any, settings: Any
) -> None:
    start(settings(absence="drop"))
    assert api.invoke(b'{"detail-type":"x"}', "r-1") == ("response", b"null")


def test_without_a_relay_cloudformation_hears_failed(api: Any, start: Any) -> None:
    reports: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            reports.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        event = {
            "RequestType": "Create",
            "ResponseURL": f"http://127.0.0.1:{server.server_address[1]}/x?y=z",
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "Thing",
        }
        start()
        assert api.invoke(json.dumps(event).encode(), "r-1") == ("response", b"null")
        event["RequestType"] = "Delete"
        event["PhysicalResourceId"] = reports[0]["PhysicalResourceId"]
        assert api.invoke(json.dumps(event).encode(), "r-2") == ("response", b"null")
        server.shutdown()
        thread.join()
    assert reports[0]["Status"] == "FAILED"
    assert "Nobody runs this function" in reports[0]["Reason"]
    assert reports[0]["LogicalResourceId"] == "Thing"
    # What was never created is deleted without a relay, so the rollback goes through.
    assert reports[1]["Status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("phase", "action"),
    [
        ("upgrade", "iot:Connect on client/samlive:shop:ana:stub:*"),
        ("connect", "iot:Connect on client/samlive:shop:ana:stub:*"),
        ("subscribe", "iot:Subscribe on topicfilter/samlive/shop/ana/reply/*"),
        ("publish", "iot:Publish on topic/samlive/shop/ana/request/*"),
    ],
)
def test_a_permission_that_stays_away_is_named(
    phase: str, action: str, make_relay: Any, broker: Any, api: Any, start: Any, error_of: Any
) -> None:
    make_relay()
    broker.refuse = lambda what, name: 0x87 if what == phase else 0
    start()
    assert api.polled.wait(60)  # the time of the event is not that of the start
    kind, body = api.invoke(b"{}", "r-1", seconds=4)
    assert kind == "error"
    assert error_of(body)[0] == "SamLive.BrokerRefused"
    assert action in error_of(body)[1]


@pytest.mark.parametrize("phase", ["upgrade", "connect", "subscribe", "publish"])
def test_a_permission_that_comes_late_is_waited_for(
    phase: str, make_relay: Any, broker: Any, api: Any, start: Any
) -> None:
    refusals: list[str] = []

    def refuse(what: str, name: str) -> int:
        if what != phase or len(refusals) >= 3:
            return 0
        refusals.append(name)
        return 0x87

    make_relay()
    broker.refuse = refuse
    start()
    assert api.invoke(b"{}", "r-1") == ("response", b"{}")
    assert len(refusals) == 3


def test_a_broker_without_pipelining_is_spoken_to_in_sequence_from_then_on(
    make_relay: Any, broker: Any, api: Any, start: Any
) -> None:
    make_relay()
    broker.hang_up_on_pipelining = True
    start()
    assert api.invoke(b"1", "r-1") == ("response", b"1")
    assert len(broker.connects) == 1
    broker.cut()
    assert api.invoke(b"2", "r-2") == ("response", b"2")
    assert len(broker.paths) == 3  # one pipelined, two in sequence


def test_a_relay_whose_announcement_was_lost_is_found_by_the_next_invocation(
    make_relay: Any, broker: Any, api: Any, start: Any
) -> None:
    start()
    kind, _ = api.invoke(b"{}", "r-1")
    assert kind == "error"
    connections = len(broker.connects)
    make_relay()
    assert api.invoke(b"2", "r-2") == ("response", b"2")
    # Not by what a live connection happened to bring, but by asking again.
    assert len(broker.connects) == connections + 1


def test_an_unreachable_broker_is_named(
    api: Any, start: Any, settings: Any, broker: Any, error_of: Any
) -> None:
    broker.stop()
    with socket.socket() as closed:  # the port is nobody else's meanwhile
        closed.bind(("127.0.0.1", broker.port))
        start()
        assert api.polled.wait(60)
        kind, body = api.invoke(b"{}", "r-1", seconds=4)
    assert kind == "error" and error_of(body)[0] == "SamLive.BrokerUnreachable"
    assert "iot.eu-west-1.localhost" in error_of(body)[1]


def test_the_session_token_follows_the_signature(
    make_relay: Any, broker: Any, api: Any, start: Any
) -> None:
    make_relay()
    start()
    assert api.invoke(b"1", "r-1")[0] == "response"
    assert broker.paths[0].endswith("&X-Amz-Security-Token=to%2Fken%2B%3D")
    assert "%2Feu-west-1%2Fiotdevicegateway%2Faws4_request" in broker.paths[0]


def test_an_event_reaches_the_relay_and_its_answer_comes_back(
    make_relay: Any, api: Any, start: Any
) -> None:
    relay = make_relay()
    start(TABLE="orders", SAMLIVE_ENV_NODE_OPTIONS="--inspect")
    assert api.polled.wait(60)
    event = '{"text":"日本語 \u2028 🎉"}'.encode()
    assert api.invoke(event, "r-1") == ("response", event)
    assert api.invoke(b"2", "r-2") == ("response", b"2")
    (hello,) = relay.hellos()
    assert hello.function == "Orders"
    assert hello.environment["TABLE"] == "orders"
    assert hello.environment["SAMLIVE_ENV_NODE_OPTIONS"] == "--inspect"
    assert not {"SAMLIVE", "PATH", "AWS_LAMBDA_RUNTIME_API"} & hello.environment.keys()
    assert [i.request_id for i in relay.invocations()] == ["r-1", "r-2"]
    fields = relay.invocations()[0].fields
    assert fields["invoked-function-arn"] == "arn:aws:lambda:eu-west-1:1:function:f"
    assert fields["content-type"] == "application/json"
    assert 0 <= 60_000 - (int(fields["deadline-ms"]) - int(fields["now-ms"])) < 30_000


def test_headers_of_the_runtime_api_pass_through(make_relay: Any, api: Any, start: Any) -> None:
    relay = make_relay()
    start()
    headers = {
        "Lambda-Runtime-Trace-Id": "Root=1-5f-0;Sampled=1",
        "Lambda-Runtime-Client-Context": '{"custom":{}}',
        "Lambda-Runtime-Aws-Tenant-Id": "t1",
    }
    api.invoke(b"1", "r-1", **headers)
    fields = relay.invocations()[0].fields
    assert fields["trace-id"] == "Root=1-5f-0;Sampled=1"
    assert fields["client-context"] == '{"custom":{}}'
    assert fields["aws-tenant-id"] == "t1"


def test_the_functions_error_is_passed_through(make_relay: Any, api: Any, start: Any) -> None:
    relay = make_relay()
    error = b'{"errorMessage":"boom","errorType":"KeyError","stackTrace":["a\\n"]}'
    relay.handler = lambda invocation: (error, True)
    start()
    api.send(b"1", "r-1")
    identity, kind, headers, body = api.result()
    assert (identity, kind, body) == ("r-1", "error", error)
    assert headers["lambda-runtime-function-error-type"] == "KeyError"


@pytest.mark.parametrize("size", [1, 51_200, 700_000])
def test_payloads_of_any_size_come_back_byte_for_byte(
    size: int, make_relay: Any, api: Any, start: Any
) -> None:
    make_relay()
    api.chunked = size > 1
    start()
    event = random.Random(size).randbytes(size)
    assert api.invoke(event, "r-1") == ("response", event)


@pytest.mark.slow
def test_six_megabytes_both_ways(make_relay: Any, api: Any, start: Any) -> None:
    make_relay()
    start()
    event = random.Random(1).randbytes(6 * 1024 * 1024)
    api.send(event, "r-1", seconds=100)
    assert api.result(timeout=90)[3] == event


def test_a_cut_connection_is_opened_again_with_the_request_pending(
    make_relay: Any, broker: Any, api: Any, start: Any
) -> None:
    relay = make_relay()
    relay.handler = lambda invocation: None
    start()
    api.send(b"1", "r-1")
    wait_for(relay.invocations)
    broker.cut()
    relay.answer(relay.invocations()[0], b"done")
    assert api.result()[1:4:2] == ("response", b"done")
    assert len(relay.invocations()) == 1


def test_a_restarted_broker_is_found_again(
    make_relay: Any, broker: Any, api: Any, start: Any
) -> None:
    relay = make_relay()
    relay.handler = lambda invocation: None
    start()
    api.send(b"1", "r-1")
    wait_for(relay.invocations)
    broker.stop()
    broker.start()
    wait_for(lambda: len(broker.connects) == 2)
    relay.answer(relay.invocations()[0], b"done")
    assert api.result()[3] == b"done"


def test_a_restarted_relay_answers_what_was_pending(make_relay: Any, api: Any, start: Any) -> None:
    first = make_relay("s1", since=10)
    first.handler = lambda invocation: None
    start()
    api.send(b"1", "r-1")
    wait_for(first.invocations)
    first.kill()
    second = make_relay("s2", since=20)
    assert api.result()[3] == b"1"
    assert second.hellos()[0].function == "Orders"


def test_an_environment_frozen_past_the_keep_alive_goes_on(
    make_relay: Any, broker: Any, api: Any, start: Any
) -> None:
    make_relay()
    environment = start()
    assert api.invoke(b"1", "r-1") == ("response", b"1")
    os.kill(environment.process.pid, signal.SIGSTOP)
    broker.cut()
    api.send(b"2", "r-2")
    os.kill(environment.process.pid, signal.SIGCONT)
    assert api.result()[3] == b"2"
    assert len(broker.connects) == 2


def test_a_connection_that_died_without_a_word_is_replaced(
    make_relay: Any, broker: Any, api: Any, start: Any
) -> None:
    make_relay()
    start()
    assert api.invoke(b"1", "r-1") == ("response", b"1")
    broker.go_mute()
    assert api.invoke(b"2", "r-2") == ("response", b"2")
    assert len(broker.connects) == 2


def test_a_late_answer_does_not_reach_the_next_request(
    make_relay: Any, broker: Any, api: Any, start: Any
) -> None:
    relay = make_relay()
    relay.handler = lambda invocation: None
    broker.drop = lambda topic, payload: "/reply/" in topic
    start()
    assert api.invoke(b"1", "r-1", seconds=30)[0] == "error"  # nothing acknowledged it
    broker.drop = lambda topic, payload: False
    api.send(b"2", "r-2")
    wait_for(lambda: len(relay.invocations()) == 2)
    relay.answer(relay.invocations()[0], b"late")
    relay.answer(relay.invocations()[1], b"right")
    assert api.result()[3] == b"right"


def test_an_idle_connection_is_kept_alive_and_hears_of_relays(
    make_relay: Any, broker: Any, api: Any, start: Any
) -> None:
    start()
    assert api.polled.wait(60)
    wait_for(lambda: broker.connects)
    relay = make_relay()
    assert api.invoke(b"1", "r-1") == ("response", b"1")
    relay.leave()
    assert api.invoke(b"1", "r-2")[0] == "error"


def test_nothing_secret_is_written_to_the_log(
    make_relay: Any, broker: Any, api: Any, start: Any
) -> None:
    make_relay()
    environment = start(PASSWORD="hunter2")
    broker.publish("samlive/shop/ana/presence", b"garbage")
    api.invoke(b'{"secret":"payload"}', "r-1")
    broker.cut()
    api.invoke(b'{"secret":"payload"}', "r-2")
    log = environment.output()
    assert "connection lost" in log
    for secret in ("hunter2", "payload", "secret", "to/ken", "AKID", "to%2F"):
        assert secret not in log


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_memory_and_descriptors_do_not_grow(
    make_relay: Any, broker: Any, api: Any, start: Any
) -> None:
    make_relay()
    process = start().process

    def work(count: int) -> tuple[int, int]:
        for number in range(count):
            event = random.Random(number).randbytes(120_000 if number % 10 == 0 else 500)
            assert api.invoke(event, f"r-{number}") == ("response", event)
            if number % 20 == 0:
                broker.cut()
        return private_kib(process.pid), descriptors(process.pid)

    memory, opened = work(300)
    later, opened_later = work(900)
    assert opened_later <= opened + 1
    assert later <= memory + 1024  # KiB


def test_the_search_for_cycles_begins_when_all_is_compiled(opt: Any, api: Any) -> None:
    """The loader turns it off; without it an environment's memory would grow for ever."""
    code = (
        f"import gc, runpy, sys; folder = {str(opt / 'samlive')!r};"
        "sys.meta_path.insert(0, runpy.run_path(folder + '/__main__.py')['Archive'](folder));"
        "gc.disable();"
        "from samlive_stub.init import main; status = main();"
        "print(status, gc.isenabled(), gc.get_freeze_count() > 1000)"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-E", "-I", "-c", code],
        env={"AWS_LAMBDA_RUNTIME_API": api.address, "SAMLIVE": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split() == ["1", "True", "True"]
    assert api.result()[1] == "error"


def test_loaded_modules_are_few(opt: Any) -> None:
    code = (
        f"import sys; at = {{'__name__': 'loader'}}; folder = {str(opt / 'samlive')!r};"
        "exec(open(folder + '/__main__.py').read(), at);"
        "sys.meta_path.insert(0, at['Archive'](folder));"
        "import samlive_stub.runtime; print(*sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-E", "-I", "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(result.stdout.split())
    assert "samlive_stub.link" in loaded
    assert not loaded & {
        "json", "logging", "asyncio", "http", "http.client", "urllib", "urllib.parse", "ssl",
        "socket", "enum", "encodings.idna", "runpy", "collections.abc", "contextlib",
        "importlib.util", "email", "dataclasses", "typing", "inspect", "subprocess", "threading",
        "uuid", "random", "datetime", "base64", "samlive_stub.absence", "samlive_stub.responder",
    }  # fmt: skip
