"""Hands the stage's key to nested stacks with live functions, and names those left alone.

Nested templates that lie beside the template are rewritten like it; one from
the Serverless Application Repository or a bucket is not on this machine.
"""

from collections.abc import Iterator

from samlive_stub.contract import KEY_PARAMETER
from samlive_transform.nesting import NESTED
from samlive_transform.steps import Note, Step
from samlive_transform.view import Decision, View

_REASON = "the nested stack's stubs seal their messages with the stage's key"
_REMOTE = "its template is no file beside this one: the functions in it stay as they are"
_LOOPED = "it is in a loop: the functions in its template stay as they are"


def rule(view: View) -> Iterator[Decision]:
    """Yield the key's parameter for children, and a note for remote ones."""
    for resource in view.template.of_type(*NESTED):
        if resource.id not in view.children:
            yield Note(resource.path, _LOOPED if resource.loops else _REMOTE)
            continue
        given = resource.own.get("Parameters")
        wanted = {"Ref": KEY_PARAMETER}
        if not view.children[resource.id]:
            continue
        if not isinstance(given, dict) or given.get(KEY_PARAMETER) != wanted:
            yield Step(resource.at("Parameters", KEY_PARAMETER), wanted, _REASON)
