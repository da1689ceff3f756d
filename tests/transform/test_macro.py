"""The macro: what it leaves alone, what it answers, what it needs."""

import copy
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from samlive_transform import macro_zip, transform
from samlive_transform.macro import Fragment, handler, options_of

ENVIRONMENT = {
    "SAMLIVE_APP": "orders",
    "SAMLIVE_LAYER_ARN": "arn:aws:lambda:eu-west-1:123456789012:layer:samlive-stub:1",
    "SAMLIVE_LAYER_DIGEST": "0badcafe",
    "SAMLIVE_ENDPOINT": "example-ats.iot.eu-west-1.amazonaws.com",
}
FRAGMENT: dict[str, Any] = {
    "Resources": {
        "Fn": {
            "Type": "AWS::Serverless::Function",
            "Properties": {"CodeUri": "s3://b/k", "Handler": "a.b", "Runtime": "python3.12"},
        }
    }
}


def event(**values: Any) -> dict[str, Any]:
    return {
        "region": "eu-west-1",
        "accountId": "123456789012",
        "fragment": copy.deepcopy(FRAGMENT),
        "transformId": "123456789012::SamLive",
        "params": {},
        "requestId": "one",
        "templateParameterValues": values,
    }


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "values", [{}, {"SamLiveStage": ""}, {"Stage": "alice"}, {"SamLiveStage": "prod"}]
)
def test_without_a_stage_the_template_goes_back_as_it_came(values: dict[str, str]) -> None:
    answer = handler(event(**values), None)
    assert answer == {"requestId": "one", "status": "success", "fragment": FRAGMENT}
    assert json.dumps(answer["fragment"]) == json.dumps(FRAGMENT)


def test_a_macro_that_was_not_set_up_says_so() -> None:
    answer = handler(event(SamLiveStage="alice", SamLiveApp="orders"), None)
    assert answer["status"] == "failure"
    assert "SAMLIVE_LAYER_ARN" in answer["errorMessage"]
    assert "samlive macro deploy" in answer["errorMessage"]


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("stage", ["a b", "1a", "x" * 25, "a/b"])
def test_a_stage_that_is_no_name_is_refused(stage: str) -> None:
    answer = handler(event(SamLiveStage=stage), None)
    assert answer["status"] == "failure"
    assert f"{stage!r} cannot be the name of the stage" in answer["errorMessage"]


@pytest.mark.usefixtures("environment")
def test_a_template_that_cannot_go_live_fails_with_the_reason() -> None:
    given = event(SamLiveStage="alice")
    given["fragment"]["Resources"]["Fn"]["Properties"]["DurableConfig"] = {}
    answer = handler(given, None)
    assert answer["status"] == "failure"
    assert "Fn: it is a durable function" in answer["errorMessage"]


@pytest.mark.usefixtures("environment")
def test_with_a_stage_the_answer_is_what_the_command_makes() -> None:
    values = {"SamLiveStage": "alice", "Names": ["a", "b"]}
    answer = handler(event(**values), None)
    options = options_of({"SamLiveStage": "alice", "Names": "a,b"}, ENVIRONMENT)
    assert answer["status"] == "success"
    assert answer["fragment"] == transform(Fragment(FRAGMENT), options).template
    assert answer["fragment"] != FRAGMENT


@pytest.mark.usefixtures("environment")
def test_the_key_is_a_dynamic_reference() -> None:
    answer = handler(event(SamLiveStage="alice", SamLiveApp="shop"), None)
    key = answer["fragment"]["Parameters"]["SamLiveKey"]
    assert key["Default"] == "{{resolve:secretsmanager:samlive/shop/alice}}"
    assert key["NoEcho"] is True


def test_the_zip_is_the_same_every_time_and_slim() -> None:
    packed = macro_zip.build()
    assert packed == macro_zip.build()
    names = ZipFile(io.BytesIO(packed)).namelist()
    roots = {name.split("/")[0] for name in names}
    assert roots == {
        "jinja2", "markupsafe", "samlive_stub", "samlive_templates", "samlive_transform",
    }  # fmt: skip
    assert not any("__pycache__" in name or name.endswith(".so") for name in names)


def test_the_zip_runs_alone_and_imports_no_parser(tmp_path: Path) -> None:
    ZipFile(io.BytesIO(macro_zip.build())).extractall(tmp_path)
    script = (
        "import json, os, sys\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        f"os.environ.update({ENVIRONMENT!r})\n"
        "from samlive_transform.macro import handler\n"
        "before = set(sys.modules)\n"
        "answer = handler(json.load(sys.stdin), None)\n"
        "heavy = {'yaml', 'ruamel', 'cfnlint', 'boto3', 'botocore', 'samtranslator'}\n"
        "late = 'jinja2' in {name.split('.')[0] for name in before}\n"
        "print(json.dumps([answer['status'], sorted(heavy & set(sys.modules)), late]))\n"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script],
        input=json.dumps(event(SamLiveStage="alice")),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(run.stdout) == ["success", [], False]
