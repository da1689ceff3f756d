import ast
import json
import re
from pathlib import Path

import jinja2
import pytest

import samlive_templates
from samlive_stub.contract import STUB_ACCESS
from samlive_templates import render
from samlive_transform import parse
from samlive_transform.lint import findings

FOLDER = Path(samlive_templates.__file__).parent


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="digest"):
        render("stub/index.py.j2")


def test_an_unknown_template_is_an_error() -> None:
    with pytest.raises(jinja2.TemplateNotFound):
        render("stub/none.j2")


def test_the_stub_code_is_python_and_names_the_layer_by_its_digest() -> None:
    code = render("stub/index.py.j2", digest="0badcafe")
    assert "0badcafe" in code
    (handler,) = ast.parse(code).body
    assert isinstance(handler, ast.FunctionDef) and handler.name == "handler"


def test_the_stub_code_is_small_enough_for_every_function_to_carry_it() -> None:
    # A real template reaches 490 resources; 1 MB is the limit for all of them.
    assert len(render("stub/index.py.j2", digest="0" * 64)) < 400


def test_the_policy_allows_exactly_the_contract() -> None:
    text = render(
        "policy/stub.json.j2", app="a", stage="dev", arn="arn:x:", access=STUB_ACCESS, queue=""
    )
    statements = json.loads(text)["Statement"]
    assert [s["Action"] for s in statements] == [action for action, _ in STUB_ACCESS]
    assert {s["Effect"] for s in statements} == {"Allow"}
    resources = [r["Fn::Sub"] for s in statements for r in s["Resource"]]
    assert len(resources) == sum(len(names) for _, names in STUB_ACCESS)
    assert all(
        re.fullmatch(r"arn:x:(client|topic|topicfilter)/samlive.a.dev.*", r) for r in resources
    )


def test_the_policy_lets_events_wait_in_the_stages_queue_alone() -> None:
    given = {"app": "a", "stage": "dev", "arn": "arn:x:", "access": STUB_ACCESS}
    without = json.loads(render("policy/stub.json.j2", **given, queue=""))["Statement"]
    *others, last = json.loads(render("policy/stub.json.j2", **given, queue="arn:q"))["Statement"]
    assert others == without
    assert (last["Action"], last["Resource"]) == ("sqs:SendMessage", [{"Fn::Sub": "arn:q"}])


def test_every_template_is_shipped_beside_the_package() -> None:
    assert {str(p.relative_to(FOLDER)) for p in FOLDER.rglob("*.j2")} >= {
        "stub/index.py.j2",
        "policy/stub.json.j2",
    }


def test_the_macro_stack_is_sound_cloudformation() -> None:
    text = render(
        "macro/stack.yaml.j2",
        name="SamLive",
        runtime="python3.13",
        handler="samlive_transform.macro.handler",
        bucket="bucket",
        key='a"key: {x}',
        app="orders",
        layer_arn="arn:aws:lambda:eu-west-1:123456789012:layer:samlive-stub:1",
        layer_digest="0badcafe",
        endpoint="example-ats.iot.eu-west-1.amazonaws.com",
        iot_region="",
    )
    source = parse(text)
    resources = source.tree["Resources"]
    assert resources["Function"]["Properties"]["Code"]["S3Key"] == 'a"key: {x}'
    assert resources["Macro"]["Properties"]["Name"] == "SamLive"
    assert findings(source.tree) == ()
