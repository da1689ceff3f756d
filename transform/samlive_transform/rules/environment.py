"""Gives live functions the stub's settings, and moves aside what would disturb it.

One variable holds everything the stub must know; the exec wrapper variable
starts it. Variables that interpreters, loaders and agents act on before any
user code runs (`NODE_OPTIONS`, `LD_PRELOAD`, `OTEL_...`) are renamed, so that
they reach the process on the developer's machine but not the stub.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html
"""

from collections.abc import Iterator
from typing import Any

from samlive_stub.contract import (
    KEY_PARAMETER,
    VARIABLE,
    WRAPPER_PATH,
    WRAPPER_VARIABLE,
    Settings,
)
from samlive_transform import sam_globals, streams
from samlive_transform.edits import same
from samlive_transform.environment import extended
from samlive_transform.intrinsics import escape_sub
from samlive_transform.model import Function
from samlive_transform.steps import Refusal, Step
from samlive_transform.view import Decision, View

_REASON = "the stub's settings; what interpreters and agents act on is kept for your machine"
_MAX_PARAMETERS = (
    200  # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
)
_FULL = f"the template has all {_MAX_PARAMETERS} parameters it may have, and samlive needs one"
_KEY_REASON = "the key that seals this stage's messages"
_DESCRIPTION = "Seals the messages of this samlive stage; made and kept by samlive"


def rule(view: View) -> Iterator[Decision]:
    """Yield the key's parameter, and variables for every live function."""
    if not view.live and not any(view.children.values()):
        return
    declared = {"Type": "String", "NoEcho": True, "Description": _DESCRIPTION}
    if view.options.key_default:
        declared["Default"] = view.options.key_default
    parameters = view.template.section("Parameters")
    if len(parameters) >= _MAX_PARAMETERS and KEY_PARAMETER not in parameters:
        yield Refusal(("Parameters",), _FULL, "Remove a parameter that is not used.")
    if KEY_PARAMETER not in parameters:
        yield Step(("Parameters", KEY_PARAMETER), declared, _KEY_REASON)
    streamed = streams.callers(view.template)
    for function in view.live:
        yield from _variables(function, view, streamed.get(function.id, ""))


def settings(view: View, id: str, streamed: str = "") -> dict[str, Any]:
    """Return the stub's settings as the value of its variable.

    Args:
        view: The template.
        id: Logical id of the function.
        streamed: Callers that take its response as a stream.
    """
    options = view.options
    text = Settings(
        app=escape_sub(options.app),
        stage=escape_sub(options.stage),
        function=view.prefix + id,
        endpoint=escape_sub(options.endpoint),
        region=escape_sub(options.iot_region) or "${AWS::Region}",
        key="${" + KEY_PARAMETER + "}",
        absence=options.absence,
        streams=streamed,
    ).encode()
    return {"Fn::Sub": text}


def _variables(function: Function, view: View, streamed: str) -> Iterator[Step]:
    ours = {VARIABLE: settings(view, function.id, streamed), WRAPPER_VARIABLE: WRAPPER_PATH}
    wanted = extended(function.properties.get("Environment"), ours)
    short = extended(function.own.get("Environment"), ours)
    shared = {key: function.applying[key] for key in function.applying if key == "Environment"}
    merged = sam_globals.merge_function(shared, {"Environment": short})["Environment"]
    if same(merged, wanted):
        yield from function.set("Environment", short, _REASON)
    else:  # a global variable has to go: the function repeats the others itself
        yield from function.exactly({"Environment": wanted}, _REASON)
