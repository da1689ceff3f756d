"""The stub as Lambda runs it: the layer's wrapper, a process, sockets."""

from typing import Any


def test_an_event_reaches_the_relay_and_its_answer_comes_back(
    make_relay: Any, api: Any, start: Any
) -> None:
    relay = make_relay()
    start(TABLE="orders", SAMLIVE_ENV_NODE_OPTIONS="--inspect")
    event = '{"text":"日本語 \u2028 🎉"}'.encode()
    assert api.invoke(event, "r-1") == ("response", event)
    assert api.invoke(b"2", "r-2") == ("response", b"2")
    (hello,) = relay.hellos()
    assert hello.function == "Orders"
    assert hello.environment["TABLE"] == "orders"
    assert hello.environment["NODE_OPTIONS"] == "--inspect"
    assert not {"SAMLIVE", "PATH", "AWS_LAMBDA_RUNTIME_API"} & hello.environment.keys()
    assert [i.request_id for i in relay.invocations()] == ["r-1", "r-2"]
    fields = relay.invocations()[0].fields
    assert fields["invoked-function-arn"] == "arn:aws:lambda:eu-west-1:1:function:f"
    assert abs(int(fields["deadline-ms"]) - int(fields["now-ms"]) - 60000) < 5000
