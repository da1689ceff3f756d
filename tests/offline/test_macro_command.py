"""`samlive macro`: from the account's first deploy of it to templates that name it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from offline_cloud import ROOT_KEY, Aws, settled, until
from samlive import cli
from samlive.deploy.macro import MACRO_TAG, stack_name
from samlive.errors import SamliveError
from samlive.offline import Offline

TEMPLATE = """
Transform: [SamLive, AWS::Serverless-2016-10-31]
Parameters:
  SamLiveStage: {Type: String, Default: ""}
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      Timeout: 7
      InlineCode: "def handler(event, context): return 'production'"
Outputs:
  Name: {Value: !Ref Function}
"""
Said = list[dict[str, Any]]


@pytest.fixture
def samlive(
    offline: Offline,
    no_aws_of_the_developer: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, Said]]:
    """Runs a command in an empty folder, against the cloud as its developer."""
    monkeypatch.chdir(tmp_path)
    for name, value in offline.environment.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[int, Said]:
        status = cli.main([*words, "--output", "json"])
        return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


@pytest.fixture
def macro(samlive: Callable[..., tuple[int, Said]]) -> Iterator[Said]:
    """The macro, deployed; what was said."""
    status, said = samlive("macro", "deploy", "--app", "orders")
    assert status == 0, said
    yield said
    assert samlive("macro", "remove")[0] == 0


def test_a_name_that_is_none_is_refused(samlive: Callable[..., tuple[int, Said]]) -> None:
    for name in ("", "a b", "1st", "ä", "a/b", "x" * 41):
        with pytest.raises(SamliveError, match="cannot be the name of the macro"):
            stack_name(name)
    assert samlive("macro", "deploy", "--name", "a/b")[0] == 2


def test_a_stack_of_somebody_else_is_left_alone(
    aws: Aws, samlive: Callable[..., tuple[int, Said]]
) -> None:
    aws.deploy("samlive-macro-Theirs", "Resources: {Q: {Type: AWS::SQS::Queue}}", {})
    for action in ("deploy", "remove", "status"):
        status, said = samlive("macro", action, "--name", "Theirs")
        assert status == 2
        assert "was not made by samlive" in said[-1]["message"]
    client = aws.client("cloudformation", **ROOT_KEY)
    stack = client.describe_stacks(StackName="samlive-macro-Theirs")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def test_nothing_is_there_before_and_after(samlive: Callable[..., tuple[int, Said]]) -> None:
    (shown,) = samlive("macro", "status")[1]
    assert (shown["state"], shown["current"], shown["settings"]) == ("not deployed", False, {})
    assert samlive("macro", "remove")[1][-1]["status"] == "absent"


@pytest.mark.e2e
def test_a_template_that_names_the_macro_goes_live_by_its_stage_alone(
    aws: Aws, samlive: Callable[..., tuple[int, Said]], macro: Said
) -> None:
    assert macro[-1] == {"event": "deploy", "status": "complete", "stack": "samlive-macro"}
    (shown,) = samlive("macro", "status")[1]
    assert shown["state"] == "CREATE_COMPLETE" and shown["current"]
    assert shown["settings"]["SAMLIVE_APP"] == "orders"
    assert samlive("macro", "deploy", "--app", "orders")[1][-1]["status"] == "unchanged"

    secrets = aws.client("secretsmanager", **ROOT_KEY)
    secrets.create_secret(Name="samlive/orders/alice", SecretString="A" * 43)
    lambda_ = aws.client("lambda", **ROOT_KEY)
    for stage, runtime, timeout in (
        ("", "python3.11", 7),
        ("prod", "python3.11", 7),
        ("alice", "python3.13", 900),
    ):
        outputs = aws.deploy(f"user-{stage}", TEMPLATE, {"SamLiveStage": stage})
        found = lambda_.get_function_configuration(FunctionName=outputs["Name"])
        assert (found["Runtime"], found["Timeout"]) == (runtime, timeout), stage
        if stage == "alice":
            (layer,) = found["Layers"]
            assert layer["Arn"] == shown["settings"]["SAMLIVE_LAYER_ARN"]
            assert "A" * 43 in found["Environment"]["Variables"]["SAMLIVE"]
        else:
            assert aws.invoke(outputs["Name"]) == ("production", False)


@pytest.mark.e2e
def test_a_template_that_cannot_go_live_fails_with_the_reason(aws: Aws, macro: Said) -> None:
    with pytest.raises(ClientError, match="SamLive failed with: samlive: 'a/b' cannot be the name"):
        aws.deploy("refused", TEMPLATE, {"SamLiveStage": "a/b"})


def test_the_stack_carries_our_tag(aws: Aws, macro: Said) -> None:
    client = aws.client("cloudformation", **ROOT_KEY)
    stack = until(lambda: settled(client.describe_stacks(StackName="samlive-macro")["Stacks"][0]))
    assert {"Key": MACRO_TAG, "Value": "SamLive"} in stack["Tags"]
