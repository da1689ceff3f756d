"""The dev session against a real (offline) cloud, through the path that AWS takes."""

import concurrent.futures
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import recorded_calls
from counting_proxy import counting
from live_session import Live, Ready, edit, fetch

pytestmark = pytest.mark.e2e

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Colour:
    Type: String
    Default: green
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
  Paint:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: app.handler
      CodeUri: src/
      Environment:
        Variables:
          COLOUR: !Ref Colour
      Events:
        Any:
          Type: HttpApi
          Properties: {ApiId: !Ref Api, Path: /, Method: GET}
"""
QUEUE = "  Queue:\n    Type: AWS::SQS::Queue\n"
BROKEN = """\
  Nope:
    Type: AWS::Lambda::LayerVersionPermission
    Properties:
      LayerVersionArn: arn:aws:lambda:us-east-1:000000000000:layer:nope:9
      Action: lambda:GetLayerVersion
      Principal: "*"
"""
CODE = "import os\n\n\ndef handler(event, context):\n    return os.environ['COLOUR']\n"


@pytest.fixture
def template(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A project whose stage no other test uses."""
    project = tmp_path / f"paint-{abs(hash(request.node.name)) % 10**8}"
    (project / "src").mkdir(parents=True)
    (project / "src/app.py").write_text(CODE)
    path = project / "template.yaml"
    path.write_text(TEMPLATE)
    return path


class Session:
    """Starts the command and keeps it from outliving the test."""

    def __init__(self, template: Path, environment: dict[str, str]) -> None:
        self.template = template
        self.environment = environment
        self.running: list[Live] = []
        self.calls = template.parent / "calls.txt"

    def close(self) -> None:
        """End what runs; every AWS call that was made must fit its service's model."""
        for live in self.running:
            live.stop()
        assert recorded_calls.problems(self.calls) == []
        assert recorded_calls.strangers(self.calls) == set()

    def start(self, *words: str, **environment: str) -> Live:
        variables = self.environment | environment
        live = Live(self.template, "--stage", "ana", *words, environment=variables)
        self.running.append(live)
        return live

    def ready(self, *words: str, **environment: str) -> Ready:
        live = self.start(*words, **environment)
        return Ready(live, live.expect("ready"), self.environment)

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "samlive", *words],
            cwd=self.template.parent,
            env=self.environment | recorded_calls.variables(self.calls) | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
        )


@pytest.fixture
def session(template: Path, cloud: dict[str, str]) -> Iterator[Session]:
    found = Session(template, cloud)
    yield found
    found.close()


def waiting(go: Path) -> str:
    """A handler that ends once there is a file."""
    return (
        "import os, time\n\n\ndef handler(event, context):\n"
        f"    while not os.path.exists({str(go)!r}):\n        time.sleep(0.01)\n"
    )


def admin(cloud: dict[str, str], service: str) -> Any:
    import boto3

    return boto3.client(
        service,
        endpoint_url=cloud["AWS_ENDPOINT_URL"],
        region_name=cloud["AWS_REGION"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def paint(ready: Ready) -> tuple[int, bytes]:
    return fetch(ready.urls["Api"] + "/")


def statuses(live: Live) -> list[str]:
    return [e["status"] for e in live.events if e["event"] == "deploy" and "type" not in e]


class TestRefusals:
    @pytest.mark.parametrize(
        ("words", "variables", "text", "hint"),
        [
            pytest.param(
                [],
                {"AWS_ACCESS_KEY_ID": "", "HOME": "/", "AWS_EC2_METADATA_DISABLED": "true"},
                "No AWS credentials",
                "--offline",
                id="no credentials",
            ),
            pytest.param(
                [],
                {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
                "http://127.0.0.1:9 cannot be reached",
                "AWS_ENDPOINT_URL",
                id="unreachable endpoint",
            ),
            pytest.param(
                [],
                {"AWS_SECRET_ACCESS_KEY": "wrong"},
                "credentials",
                "",
                id="wrong credentials",
            ),
            pytest.param(
                ["--region", "eu-centrall-1"],
                {},
                "eu-centrall-1",
                "eu-central-1",
                id="no such region",
            ),
            pytest.param(
                ["--region", "af-south-1"], {}, "no AWS IoT", "--iot-region", id="no IoT there"
            ),
            pytest.param(["--stage", "prod"], {}, "refused", "--stage", id="productive stage"),
            pytest.param(
                ["--stack-name", "orders-prod"], {}, "production", "", id="productive stack"
            ),
            pytest.param(["--profile", "nope"], {}, "nope", "list-profiles", id="no such profile"),
            pytest.param(["--only", "Nope"], {}, "Nope", "", id="no such function"),
            pytest.param(
                ["--exclude", "Paint"], {}, "no function can go live", "", id="nothing goes live"
            ),
        ],
    )
    def test_told_with_status_2_and_nothing_deployed(
        self, session: Session, words: list[str], variables: dict[str, str], text: str, hint: str
    ) -> None:
        done = session.run("dev", "--stage", "ana", *words, **variables)
        assert done.returncode == 2, done.stderr
        assert text in done.stderr
        assert hint in done.stderr
        assert "Traceback" not in done.stderr
        assert not (session.template.parent / ".samlive/stages").exists()

    def test_script_without_a_stage_is_told_which_option(self, session: Session) -> None:
        done = session.run("dev")
        assert done.returncode == 2
        assert "--stage" in done.stderr

    def test_stack_of_somebody_else_is_left_alone(
        self, session: Session, cloud: dict[str, str]
    ) -> None:
        client = admin(cloud, "cloudformation")
        body = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
        name = f"{session.template.parent.name}-ana"
        client.create_stack(StackName=name, TemplateBody=body)
        for command in (["dev", "--stage", "ana"], ["remove", "--stage", "ana", "--yes"]):
            done = session.run(*command)
            assert done.returncode == 2
            assert "not made by samlive" in done.stderr
        stack = client.describe_stacks(StackName=name)["Stacks"][0]
        assert stack["StackStatus"] == "CREATE_COMPLETE"


class TestStart:
    def test_second_start_changes_nothing_and_asks_little(
        self, session: Session, cloud: dict[str, str]
    ) -> None:
        with counting(cloud["AWS_ENDPOINT_URL"]) as counter:
            session.environment = cloud | {"AWS_ENDPOINT_URL": counter.url}
            first = session.ready()
            assert paint(first)[0] == 200
            assert first.live.stop() == 0
            empty = session.run("dev", "--stage", "ana", "--fail-on-empty-changeset")
            assert empty.returncode == 1
            assert "nothing to deploy" in empty.stderr
            counter.clear()
            second = session.ready()
            calls = [call for call in counter.calls if "/_aws/" not in call]
            assert statuses(second.live) == ["unchanged"]
            assert len(calls) <= 6, calls
            assert counter.uploaded == 0
            made = recorded_calls.calls(session.calls)
            assert {"service", "operation", "parameters"} == made[0].keys()
            assert "CreateChangeSet" in {call["operation"] for call in made}
            assert paint(second) == (200, b'"green"') or paint(second) == (200, b"green")

    def test_key_is_read_back_when_the_folder_was_cleaned(self, session: Session) -> None:
        import shutil

        session.ready().live.stop()
        shutil.rmtree(session.template.parent / ".samlive")
        again = session.ready()
        assert statuses(again.live) == ["unchanged"]
        assert paint(again)[0] == 200

    def test_connection_made_before_the_account_was_asked_is_given_up_for_another_key(
        self, session: Session
    ) -> None:
        from samlive.deploy import key

        session.ready().live.stop()
        kept = next((session.template.parent / ".samlive" / "stages").glob("*/key"))
        mine = kept.read_text()
        kept.write_text(key.new())
        again = session.ready()
        made = [event["state"] for event in again.live.events if event["event"] == "connection"]
        assert made == ["connected", "connected"]
        assert kept.read_text() == mine
        assert paint(again)[0] == 200

    def test_dry_run_shows_everything_and_does_nothing(
        self, session: Session, cloud: dict[str, str]
    ) -> None:
        with counting(cloud["AWS_ENDPOINT_URL"]) as counter:
            session.environment = cloud | {"AWS_ENDPOINT_URL": counter.url}
            done = session.run("dev", "--stage", "ana", "--dry-run")
        assert done.returncode == 0, done.stderr
        assert "live  Paint" in done.stdout
        assert f"create {session.template.parent.name}-ana" in done.stdout
        assert all("Describe" in c or c.startswith("GET") or "Get" in c for c in counter.calls)

    def test_first_deploy_that_fails_names_the_line_and_the_next_run_recovers(
        self, session: Session
    ) -> None:
        session.template.write_text(TEMPLATE + BROKEN)
        line = TEMPLATE.count("\n") + 1
        live = session.start()
        error = live.expect("error")
        assert f"template.yaml:{line}: Nope" in error["message"]
        assert live.process.wait(60) == 1
        session.template.write_text(TEMPLATE)
        assert paint(session.ready())[0] == 200

    def test_interrupted_deploy_is_continued_by_the_next_run(self, session: Session) -> None:
        live = session.start()
        live.expect("deploy", where=lambda e: "type" in e)
        assert live.stop() in (0, 130)
        assert paint(session.ready())[0] == 200


class TestEdits:
    def test_edits_of_the_template_while_live(self, session: Session) -> None:
        ready = session.ready()
        live = ready.live
        template = session.template

        template.write_text(TEMPLATE.replace("Parameters:", "# what it paints\nParameters:", 1))
        assert live.expect("reload")["functions"] == []

        template.write_text(TEMPLATE + QUEUE)
        edited = live.expect("edit")
        assert edited["changes"] == ["+ Queue (AWS::SQS::Queue)"]
        assert edited["files"] == [str(template)]
        again = Ready(live, live.expect("ready"), ready.aws)
        assert again.physical("Queue")
        assert paint(again)[0] == 200

        template.write_text(TEMPLATE + "  broken: [\n")
        error = live.expect("error")
        assert "template.yaml" in error["message"]
        assert "stays as it was" in error["message"]
        assert paint(again)[0] == 200

        template.write_text(TEMPLATE + QUEUE + BROKEN)
        assert "Nope" in live.expect("error")["message"]
        assert paint(again)[0] == 200

        template.write_text(TEMPLATE + QUEUE.replace("Queue:", "Second:", 1))
        assert Ready(live, live.expect("ready"), ready.aws).physical("Second")

    def test_new_code_folder_is_taken_over_without_a_deploy(self, session: Session) -> None:
        ready = session.ready()
        other = session.template.parent / "other"
        other.mkdir()
        (other / "app.py").write_text(CODE.replace("os.environ['COLOUR']", "'other'"))
        edit(session.template, "CodeUri: src/", "CodeUri: other/")
        assert ready.live.expect("reload")["functions"] == ["Paint"]
        assert b"other" in paint(ready)[1]

    def test_settings_file_is_watched_too(self, session: Session) -> None:
        config = session.template.parent / "samconfig.toml"
        text = "version = 0.1\n[default.deploy.parameters]\nparameter_overrides = 'Colour={}'\n"
        config.write_text(text.format("red"))
        ready = session.ready()
        assert b"red" in paint(ready)[1]
        config.write_text(text.format("blue"))
        again = Ready(ready.live, ready.live.expect("ready"), ready.aws)
        assert b"blue" in paint(again)[1]


class TestEnd:
    def test_stage_is_kept_and_says_so(self, session: Session) -> None:
        live = session.ready("--on-exit", "keep").live
        assert live.stop() == 0
        last = drained(live)[-1]
        assert (last["event"], last["left"]) == ("stopped", "kept")
        assert "samlive remove" in last["text"]

    def test_first_ctrl_c_lets_a_running_call_finish(self, session: Session) -> None:
        go = session.template.parent / "go"
        (session.template.parent / "src/app.py").write_text(waiting(go))
        ready = session.ready("--drain-seconds", "60")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answer = pool.submit(paint, ready)
            ready.live.expect("invocation_started")
            ready.live.process.send_signal(signal.SIGINT)
            assert ready.live.expect("stopping")["waiting_for"] == ["Paint"]
            go.touch()
            assert ready.live.process.wait(60) == 0
            assert answer.result()[0] == 200

    def test_second_ctrl_c_ends_a_running_call(self, session: Session) -> None:
        (session.template.parent / "src/app.py").write_text(waiting(Path("never")))
        ready = session.ready("--drain-seconds", "60")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answer = pool.submit(paint, ready)
            ready.live.expect("invocation_started")
            ready.live.process.send_signal(signal.SIGINT)
            ready.live.expect("stopping")
            assert ready.live.stop() == 130
            # A session started soon answers what the killed one left.
            (session.template.parent / "src/app.py").write_text(CODE)
            session.ready()
            assert answer.result()[0] == 200

    def test_session_ends_when_nobody_reads_its_output(self, session: Session) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "samlive", "dev", "--stage", "ana", "--output", "json"],
            cwd=session.template.parent,
            env=session.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        urls = {}
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "ready":
                urls = event["urls"]
                break
        process.stdout.close()
        assert fetch(urls["Api"] + "/")[0] in (200, 502, 503)
        assert process.wait(60) == 0
        assert process.stderr.read() == b""
        process.stderr.close()

    def test_stage_is_removed_when_that_is_wanted(
        self, session: Session, cloud: dict[str, str]
    ) -> None:
        ready = session.ready("--on-exit", "remove")
        assert ready.live.stop() == 0
        assert drained(ready.live)[-1]["left"] == "removed"
        client = ready.client("cloudformation")
        with pytest.raises(client.exceptions.ClientError, match="does not exist"):
            client.describe_stacks(StackName=ready.ready["stack"])

    def test_removal_by_command_and_of_nothing(self, session: Session) -> None:
        session.ready().live.stop()
        for _ in range(2):
            assert session.run("remove", "--stage", "ana").returncode == 0

    def test_second_session_is_refused_and_may_take_over(self, session: Session) -> None:
        first = session.ready().live
        second = session.start()
        error = second.expect("error")
        assert "holds stage" in error["message"]
        assert second.process.wait(60) == 2
        third = session.ready("--takeover")
        assert "took over" in first.expect("stopping")["reason"]
        assert first.process.wait(60) == 0
        assert paint(third)[0] == 200


class TestOtherCommands:
    def test_status_stages_and_doctor_tell_the_truth(self, session: Session) -> None:
        ready = session.ready()
        told: dict[str, list[dict[str, Any]]] = {}
        for command in ("status", "stages", "doctor"):
            words = [] if command == "stages" else ["--stage", "ana"]
            done = session.run(command, *words, "--output", "json")
            assert done.returncode == 0, done.stderr
            told[command] = [json.loads(line) for line in done.stdout.splitlines()]
        (status,) = told["status"]
        assert status["state"] == "CREATE_COMPLETE"
        assert status["functions"] == {"Paint": "live"}
        assert datetime.fromisoformat(status["changed"]).microsecond == 0
        assert f" on {socket.gethostname()} since " in status["served_by"]
        assert ready.live.stop() == 0
        done = session.run("status", "--stage", "ana")
        assert "served_by  nobody" in done.stdout
        done = session.run("unpark", "--stage", "ana")
        assert done.stdout == f"note Nothing of {ready.ready['stack']} is parked.\n"
        assert [stage["stack"] for stage in told["stages"]] == [ready.ready["stack"]]
        assert all(check["ok"] for check in told["doctor"])

    def test_doctor_finds_what_is_wrong(self, session: Session) -> None:
        done = session.run("doctor", "--stage", "ana", AWS_ENDPOINT_URL="http://127.0.0.1:9")
        assert done.returncode == 1
        assert "fail" in done.stdout
        assert "cannot be reached" in done.stdout


def drained(live: Live) -> list[dict[str, Any]]:
    """Everything that a session said until it ended."""
    while not live._arrived.empty():
        event = live._arrived.get()
        if event is not None:
            live.events.append(event)
    return live.events
