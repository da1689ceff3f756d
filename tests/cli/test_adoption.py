"""Taking over a deployed stack and giving it back, on a real (offline) cloud."""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from live_session import Ready, clean_environment

from .test_session import Session, admin

pytestmark = pytest.mark.e2e

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Colour:
    Type: String
    Default: green
Resources:
  Paint:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: {name}
      Runtime: python3.11
      Handler: app.handler
      CodeUri: {code}
      Environment:
        Variables:
          COLOUR: !Ref Colour
"""
CODE = """\
import os


def handler(event, context):
    return "{place} " + os.environ["COLOUR"]
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    from samlive import offline

    running = offline.start(tmp_path_factory.mktemp("cloud"), "us-east-1")
    try:
        variables = clean_environment() | running.environment
        allow_reading(variables)
        yield variables
    finally:
        running.stop()


def allow_reading(cloud: dict[str, str]) -> None:
    """The developer may read the team's bucket, as whoever deploys there may."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::team/*"}
    admin(cloud, "iam").put_user_policy(
        UserName="developer",
        PolicyName="team",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    admin(cloud, "s3").create_bucket(Bucket="team")


class Team:
    """A stack that a team has deployed, and its project on this machine."""

    def __init__(self, folder: Path, cloud: dict[str, str]) -> None:
        self.cloud = cloud
        self.name = f"team-{folder.name[-8:].strip('-_').replace('_', '-')}-dev"
        self.project = folder / "project"
        (self.project / "src").mkdir(parents=True)
        (self.project / "src/app.py").write_text(CODE.format(place="here"))
        self.template = self.project / "template.yaml"
        self.template.write_text(TEMPLATE.format(name=self.name, code="src/"))
        self.client = admin(cloud, "cloudformation")

    def deploy(self, **fields: Any) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("app.py", CODE.format(place="cloud"))
        admin(self.cloud, "s3").put_object(Bucket="team", Key=self.name, Body=packed.getvalue())
        self.client.create_stack(
            StackName=self.name,
            TemplateBody=TEMPLATE.format(name=self.name, code=f"s3://team/{self.name}"),
            Parameters=[{"ParameterKey": "Colour", "ParameterValue": "red"}],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Tags=[{"Key": "team", "Value": "paint"}],
            **fields,
        )
        self.client.get_waiter("stack_create_complete").wait(
            StackName=self.name, WaiterConfig={"Delay": 1}
        )

    def processed(self) -> Any:
        return self.client.get_template(StackName=self.name, TemplateStage="Processed")

    def state(self) -> dict[str, Any]:
        stack = self.client.describe_stacks(StackName=self.name)["Stacks"][0]
        return {
            "template": self.processed()["TemplateBody"],
            "tags": stack["Tags"],
            "parameters": stack["Parameters"],
        }

    def invoke(self) -> Any:
        answer = admin(self.cloud, "lambda").invoke(FunctionName=self.name, Payload=b"{}")
        return json.loads(answer["Payload"].read())


@pytest.fixture
def team(tmp_path: Path, cloud: dict[str, str]) -> Team:
    return Team(tmp_path, cloud)


@pytest.fixture
def session(team: Team, cloud: dict[str, str]) -> Iterator[Session]:
    found = Session(team.template, cloud)
    yield found
    found.close()


def adopt(session: Session, team: Team, *words: str) -> Ready:
    return session.ready("--adopt", "--stack-name", team.name, *words)


def test_without_adopt_it_is_left_alone_and_the_way_is_named(team: Team, session: Session) -> None:
    team.deploy()
    done = session.run("dev", "--stage", "ana", "--stack-name", team.name)
    assert done.returncode == 2
    assert "--adopt" in done.stderr


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--adopt"], "--stack-name"),
        (["--adopt", "--stack-name", "nobodys"], "no stack nobodys to take over"),
        (["--adopt", "--stack-name", "team-prod"], "production"),
    ],
)
def test_adopt_without_a_proper_stack_is_refused(
    session: Session, words: list[str], text: str
) -> None:
    done = session.run("dev", "--stage", "ana", *words)
    assert done.returncode == 2
    assert text in done.stderr


def test_protected_stack_is_refused_always(team: Team, session: Session) -> None:
    team.deploy(EnableTerminationProtection=True)
    done = session.run("dev", "--stage", "ana", "--adopt", "--stack-name", team.name)
    assert done.returncode == 2
    assert "protected" in done.stderr


def test_adopted_stack_runs_here_and_is_given_back_as_it_was(team: Team, session: Session) -> None:
    team.deploy()
    before = team.state()
    assert team.invoke() == "cloud red"

    ready = adopt(session, team)
    assert team.invoke() == "here red"
    text = team.template.read_text()
    team.template.write_text(text + "  Queue: {Type: AWS::SQS::Queue}\n")
    assert ready.live.expect("edit")["changes"] == ["+ Queue (AWS::SQS::Queue)"]
    ready.live.expect("ready")
    assert team.invoke() == "here red"
    assert ready.live.stop() == 0

    removal = session.run("remove", "--stage", "ana", "--yes")
    assert removal.returncode == 2
    assert "samlive restore" in removal.stderr

    done = session.run("restore", "--stage", "ana")
    assert done.returncode == 0, done.stderr
    assert team.state() == before
    assert team.invoke() == "cloud red"
    told = session.run("status", "--stage", "ana", "--stack-name", team.name, "--output", "json")
    assert json.loads(told.stdout)["functions"] == {"Paint": "kept: its own code is deployed"}


def test_second_session_keeps_the_first_ones_original(team: Team, session: Session) -> None:
    team.deploy()
    before = team.state()
    adopt(session, team).live.stop()
    again = session.ready("--on-exit", "restore")
    assert again.ready["stack"] == team.name
    assert again.live.stop() == 0
    assert team.state() == before


def test_stack_is_given_back_from_another_machine_and_without_its_code(
    team: Team, session: Session, cloud: dict[str, str]
) -> None:
    team.deploy()
    adopt(session, team).live.stop()
    shutil.rmtree(team.project / ".samlive")
    admin(cloud, "s3").delete_object(Bucket="team", Key=team.name)
    done = session.run("restore", "--stage", "ana", "--stack-name", team.name)
    assert done.returncode == 0, done.stderr
    assert team.invoke() == "cloud red"


def test_code_that_is_gone_before_the_adoption_is_taken_from_lambda(
    team: Team, session: Session, cloud: dict[str, str]
) -> None:
    team.deploy()
    admin(cloud, "s3").delete_object(Bucket="team", Key=team.name)
    adopt(session, team).live.stop()
    done = session.run("restore", "--stage", "ana")
    assert done.returncode == 0, done.stderr
    assert team.invoke() == "cloud red"


NESTED = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Inner:
    Type: AWS::Serverless::Application
    Properties: {{Location: {child}}}
"""


class Nested(Team):
    """A stack of the team's whose function is in a stack nested two deep."""

    def __init__(self, folder: Path, cloud: dict[str, str]) -> None:
        super().__init__(folder, cloud)
        leaf = TEMPLATE.format(name=self.name, code="{code}")
        self.write("template.yaml", NESTED.format(child="middle.yaml"))
        self.write("middle.yaml", NESTED.format(child="leaf.yaml"))
        self.write("leaf.yaml", leaf.format(code="src/"))
        self.keys = [f"{self.name}{ending}" for ending in ("", "-leaf", "-middle")]
        self.leaf = leaf.format(code=f"s3://team/{self.name}")

    def write(self, name: str, text: str) -> None:
        (self.project / name).write_text(text)

    def deploy(self, **fields: Any) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("app.py", CODE.format(place="cloud"))
        s3 = admin(self.cloud, "s3")
        url = "https://s3.us-east-1.amazonaws.com/team/{}"
        middle = NESTED.format(child=url.format(self.keys[1]))
        bodies = [packed.getvalue(), self.leaf.encode(), middle.encode()]
        for key, body in zip(self.keys, bodies, strict=True):
            s3.put_object(Bucket="team", Key=key, Body=body)
        self.client.create_stack(
            StackName=self.name,
            TemplateBody=NESTED.format(child=url.format(self.keys[2])),
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        self.client.get_waiter("stack_create_complete").wait(
            StackName=self.name, WaiterConfig={"Delay": 1}
        )

    def templates(self) -> list[Any]:
        """The processed templates from the outside in."""
        found, stack = [], self.name
        for name in ("Inner", "Inner", ""):
            answer = self.client.get_template(StackName=stack, TemplateStage="Processed")
            found.append(answer["TemplateBody"])
            if name:
                inner = self.client.describe_stack_resource(StackName=stack, LogicalResourceId=name)
                stack = inner["StackResourceDetail"]["PhysicalResourceId"]
        return found


@pytest.fixture
def nested(tmp_path: Path, cloud: dict[str, str]) -> Nested:
    return Nested(tmp_path, cloud)


@pytest.mark.parametrize(
    "expired",
    [
        pytest.param(False, id="all there", marks=pytest.mark.slow),
        pytest.param(True, id="code and templates expired"),
    ],
)
def test_nested_stacks_are_given_back(nested: Nested, cloud: dict[str, str], expired: bool) -> None:
    nested.deploy()
    before = nested.templates()
    session = Session(nested.template, cloud)
    ready = adopt(session, nested)
    assert ready.ready["functions"] == {"Inner/Inner/Paint": "live"}
    assert nested.invoke() == "here green"
    assert ready.live.stop() == 0
    if expired:
        shutil.rmtree(nested.project / ".samlive")
        for key in nested.keys:
            admin(cloud, "s3").delete_object(Bucket="team", Key=key)
    done = session.run("restore", "--stage", "ana", "--stack-name", nested.name)
    assert done.returncode == 0, done.stderr
    assert nested.invoke() == "cloud green"
    assert (nested.templates() == before) is not expired


def test_stack_that_was_not_adopted_is_not_restored(team: Team, session: Session) -> None:
    session.ready().live.stop()
    done = session.run("restore", "--stage", "ana")
    assert done.returncode == 2
    assert "samlive remove" in done.stderr
