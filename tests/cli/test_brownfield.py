"""What real projects bring: nested stacks, many resources, custom resources, redeploys."""

import concurrent.futures
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from live_session import Ready

from .test_session import Session, admin

pytestmark = pytest.mark.e2e

FUNCTION = """\
  {name}:
    Type: AWS::Serverless::Function
    Properties: {{Runtime: python3.11, Handler: app.handler, CodeUri: {code}}}
"""
HEAD = "Transform: AWS::Serverless-2016-10-31\nResources:\n"
CHILD = "  {name}:\n    Type: AWS::Serverless::Application\n    Properties: {{Location: {file}}}\n"
CODE = "def handler(event, context):\n    return {{'from': '{place}', 'event': event}}\n"
CUSTOM = """\
import json
import urllib.request


def handler(event, context):
    answer = {
        "Status": "SUCCESS",
        "PhysicalResourceId": "made-here",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": {"Answer": "from this machine"},
    }
    request = urllib.request.Request(
        event["ResponseURL"], json.dumps(answer).encode(), method="PUT",
        headers={"Content-Type": ""},
    )
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()
"""


class Project:
    """A project whose files a test writes."""

    def __init__(self, folder: Path, cloud: dict[str, str]) -> None:
        self.folder = folder
        self.cloud = cloud
        self.session = Session(folder / "template.yaml", cloud)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def code(self, place: str, folder: str) -> None:
        self.write(f"{folder}/app.py", CODE.format(place=place))

    def invoke(self, function: str, event: Any) -> Any:
        client = admin(self.cloud, "lambda")
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        return json.loads(answer["Payload"].read())

    def resource(self, stack: str, *path: str) -> str:
        """The physical id of a resource, inside nested stacks when several are named."""
        client = admin(self.cloud, "cloudformation")
        for name in path:
            found = client.describe_stack_resource(StackName=stack, LogicalResourceId=name)
            stack = found["StackResourceDetail"]["PhysicalResourceId"]
        return stack


@pytest.fixture
def project(tmp_path: Path, cloud: dict[str, str]) -> Iterator[Project]:
    folder = tmp_path / f"b{abs(hash(tmp_path)) % 10**8}"
    folder.mkdir()
    found = Project(folder, cloud)
    yield found
    found.session.close()


def test_functions_of_stacks_nested_two_deep_run_here(project: Project) -> None:
    for place in ("top", "middle", "bottom"):
        project.code(place, f"{place}/src")
    project.write("bottom/bottom.yaml", HEAD + FUNCTION.format(name="Deep", code="src"))
    project.write(
        "middle/middle.yaml",
        HEAD
        + FUNCTION.format(name="Half", code="src")
        + CHILD.format(name="Bottom", file="../bottom/bottom.yaml"),
    )
    project.write(
        "template.yaml",
        HEAD
        + FUNCTION.format(name="Top", code="top/src")
        + CHILD.format(name="Middle", file="middle/middle.yaml"),
    )
    ready = project.session.ready()
    assert ready.ready["functions"] == dict.fromkeys(
        ("Top", "Middle/Half", "Middle/Bottom/Deep"), "live"
    )
    stack = ready.ready["stack"]
    for path, place in (
        (("Top",), "top"),
        (("Middle", "Half"), "middle"),
        (("Middle", "Bottom", "Deep"), "bottom"),
    ):
        assert project.invoke(project.resource(stack, *path), {})["from"] == place

    project.code("edited", "bottom/src")
    name = project.resource(stack, "Middle", "Bottom", "Deep")
    assert project.invoke(name, {})["from"] == "edited"

    queue = "  Queue:\n    Type: AWS::SQS::Queue\n"
    project.write("bottom/bottom.yaml", HEAD + FUNCTION.format(name="Deep", code="src") + queue)
    ready.live.expect("ready")
    assert project.resource(stack, "Middle", "Bottom", "Queue")
    assert project.invoke(name, {})["from"] == "edited"


def test_custom_resource_that_goes_live_is_answered_here_while_the_stack_deploys(
    project: Project,
) -> None:
    project.write("src/app.py", CUSTOM)
    project.write(
        "template.yaml",
        HEAD
        + FUNCTION.format(name="Maker", code="src")
        + "  Made:\n    Type: Custom::Made\n"
        + "    Properties: {ServiceToken: !GetAtt Maker.Arn, ServiceTimeout: 60}\n"
        + "Outputs:\n  Answer: {Value: !GetAtt Made.Answer}\n",
    )
    ready = project.session.ready("--live", "Maker")
    assert ready.ready["functions"] == {"Maker": "live"}
    assert ready.ready["outputs"]["Answer"] == "from this machine"


def test_edit_of_a_kept_functions_code_is_deployed(project: Project) -> None:
    project.code("here", "src")
    project.code("first", "kept")
    kept = FUNCTION.format(name="Kept", code="kept")
    project.write("template.yaml", HEAD + FUNCTION.format(name="F", code="src") + kept)
    ready = project.session.ready("--exclude", "Kept")
    name = project.resource(ready.ready["stack"], "Kept")
    assert project.invoke(name, {})["from"] == "first"
    project.code("second", "kept")
    edited = ready.live.expect("edit")
    assert edited["files"] == [str(project.folder / "kept/app.py")]
    ready.live.expect("ready")
    assert project.invoke(name, {})["from"] == "second"


def test_taken_names_are_told_before_anything_is_deployed(project: Project) -> None:
    admin(project.cloud, "dynamodb").create_table(
        TableName=f"{project.folder.name}-table",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    stacks = admin(project.cloud, "cloudformation")
    name = f"{project.folder.name}-queue"
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}
    team = f"{project.folder.name}-team"
    stacks.create_stack(StackName=team, TemplateBody=json.dumps({"Resources": {"Q": queue}}))
    stacks.get_waiter("stack_create_complete").wait(StackName=team, WaiterConfig={"Delay": 1})
    project.code("here", "src")
    parameters = "Parameters:\n  Prefix: {Type: String}\n"
    table = (
        "  T:\n    Type: AWS::Serverless::SimpleTable\n"
        "    Properties: {TableName: !Sub '${Prefix}-table'}\n"
        "  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub '${Prefix}-queue'}}\n"
        "  Free: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub '${Prefix}-free'}}\n"
    )
    text = parameters + HEAD + FUNCTION.format(name="F", code="src") + table
    project.write("template.yaml", text)
    words = ["--stage", "ana", "--parameter-overrides", f"Prefix={project.folder.name}"]
    for further in ([], ["--dry-run"]):
        done = project.session.run("dev", *words, *further)
        assert done.returncode == 2
        assert f"T.TableName {project.folder.name}-table: it exists" in done.stderr
        assert f"Q.QueueName {name}: it exists" in done.stderr
        assert "--parameter-overrides Prefix=..." in done.stderr
        assert "free" not in done.stderr
    with pytest.raises(stacks.exceptions.ClientError, match="does not exist"):
        stacks.describe_stacks(StackName=f"{project.folder.name}-ana")


def test_stack_of_many_resources(project: Project) -> None:
    project.code("here", "src")
    queues = "".join(f"  Q{n}:\n    Type: AWS::SQS::Queue\n" for n in range(40))
    functions = "".join(FUNCTION.format(name=f"F{n}", code="src") for n in range(10))
    project.write("template.yaml", HEAD + functions + queues)
    ready = project.session.ready()
    assert len(ready.ready["functions"]) == 10
    assert project.invoke(project.resource(ready.ready["stack"], "F9"), {})["from"] == "here"


def test_no_invocation_is_lost_while_the_stack_is_redeployed(project: Project) -> None:
    project.write(
        "src/app.py",
        "import time\n\n\ndef handler(event, context):\n    time.sleep(0.2)\n    return event\n",
    )
    template = HEAD + FUNCTION.format(name="Echo", code="src")
    project.write("template.yaml", template)
    ready = project.session.ready()
    name = project.resource(ready.ready["stack"], "Echo")

    def call(number: int) -> bool:
        return bool(project.invoke(name, {"number": number}) == {"number": number})

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        first = [pool.submit(call, number) for number in range(20)]
        ready.live.expect("invocation_started")
        project.write("template.yaml", template + "  Queue:\n    Type: AWS::SQS::Queue\n")
        ready.live.expect("deploy", where=lambda e: e["status"] == "started")
        during = [pool.submit(call, number) for number in range(20, 60)]
        again = Ready(ready.live, ready.live.expect("ready"), ready.aws)
        assert again.ready["stack"] == ready.ready["stack"]
        assert all(done.result() for done in first + during)
