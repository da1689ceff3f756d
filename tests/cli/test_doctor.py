"""What `samlive doctor` finds, and what it says about it."""

import datetime
import email.utils
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from samlive import cli
from samlive.checkup import account, broker, machine, permissions, stages
from samlive.checkup.finding import Finding, Unseen, found
from samlive.checkup.patient import Patient
from samlive.deploy.faults import AwsError
from samlive.deploy.identity import Identity
from samlive.settings import load
from samlive_stub.contract import LAYER_NAME
from stubbed_aws import ACCOUNT, REGION, StubbedAws, stack

TEMPLATE = """\
Resources:
  Orders:
    Type: AWS::Lambda::Function
    Properties:
      {Code: src/, Handler: app.handler, Runtime: python3.12, Role: !GetAtt Role.Arn}
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
"""
WHO = Identity(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ana")


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    given = {"stage": "ana", "app": "orders", "region": REGION}
    one = Patient(load("doctor", template, given, {}), {})
    one.__dict__["aws"] = StubbedAws()
    one.__dict__["identity"] = WHO
    return one


def aws(patient: Patient) -> StubbedAws:
    stubbed = patient.aws
    assert isinstance(stubbed, StubbedAws)
    return stubbed


def one(findings: Iterator[Finding]) -> Finding:
    (only,) = findings
    return only


class TestFindings:
    def test_what_a_check_raises_is_a_finding(self) -> None:
        def refuse() -> list[Finding]:
            raise AwsError("no", "do that")

        assert list(found("x", refuse)) == [Finding("x", "fail", "no", "do that")]

    def test_what_cannot_be_looked_at_is_no_failure(self) -> None:
        def blind() -> list[Finding]:
            raise Unseen("there is no account")

        (finding,) = found("x", blind)
        assert (finding.state, finding.text) == ("skip", "x not looked at: there is no account")

    def test_a_template_that_is_no_good_is_told_once(self, patient: Patient) -> None:
        patient.settings.template.write_text("Resources: []")
        (first,) = found("template", lambda: machine.template(patient))
        *_, second = found("tools", lambda: machine.toolchains(patient))
        assert first.state == "fail" and "'Resources' is a list" in first.text
        assert second.state == "skip" and "the template is no good" in second.text

    def test_bugs_stay_bugs(self) -> None:
        with pytest.raises(ZeroDivisionError):
            list(found("x", lambda: [Finding("x", "ok", str(1 / 0))]))


class TestAccount:
    @pytest.mark.parametrize(
        ("seconds", "state", "text"),
        [(0, "ok", "agrees"), (60, "note", "60 s behind"), (-600, "fail", "600 s ahead of")],
    )
    def test_clock(self, patient: Patient, seconds: int, state: str, text: str) -> None:
        now = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds + 0.5)
        headers = {"date": email.utils.format_datetime(now, usegmt=True)}
        answer = {"Account": ACCOUNT, "Arn": WHO.arn, "ResponseMetadata": {"HTTPHeaders": headers}}
        aws(patient).answer("sts", "get_caller_identity", answer)
        finding = one(account.clock(patient))
        assert finding.state == state
        assert text in finding.text.replace("61 s", "60 s").replace("599 s", "600 s")
        assert bool(finding.hint) is (state != "ok")

    @pytest.mark.parametrize(
        ("minutes", "state", "hint"), [(None, "ok", ""), (120, "ok", ""), (5, "note", "sso login")]
    )
    def test_credentials_and_how_long_they_live(
        self,
        patient: Patient,
        minutes: int | None,
        state: str,
        hint: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        now = datetime.datetime.now(datetime.UTC)
        end = now + datetime.timedelta(minutes=minutes, seconds=30) if minutes else None
        monkeypatch.setattr(StubbedAws, "credentials_origin", lambda self: ("sso", end))
        finding = one(account.credentials(patient))
        assert (finding.state, WHO.arn in finding.text) == (state, True)
        assert hint in finding.hint
        assert minutes is None or f"{minutes} min from now" in finding.text

    def test_region_is_told_missing_once(self, patient: Patient) -> None:
        class Nowhere(StubbedAws):
            region = property(lambda self: (_ for _ in ()).throw(AwsError("No AWS region is set.")))

        patient.__dict__["aws"] = Nowhere()
        checks = {"region": account.region, "credentials": account.credentials, "iot": broker.check}
        states = [
            (name, finding.state)
            for name, check in checks.items()
            for finding in found(name, lambda check=check: check(patient))  # type: ignore[misc]
        ]
        assert states == [("region", "fail"), ("credentials", "skip"), ("iot", "skip")]


class TestPermissions:
    def test_what_is_denied_is_named_with_its_statement(self, patient: Patient) -> None:
        patient.identity = Identity(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/Dev/ana")
        role = {"Path": "/", "RoleName": "Dev", "RoleId": "A" * 16, "Arn": WHO.arn}
        role |= {"CreateDate": "2026-01-01T00:00:00Z"}
        aws(patient).answer("iam", "get_role", {"Role": role}, {"RoleName": "Dev"})

        def simulate(source: str, actions: list[str], resources: list[str]) -> list[str]:
            assert source == WHO.arn
            return [a for a in actions if a in ("iot:Subscribe", "logs:DescribeLogGroups")]

        aws(patient).simulate = simulate  # type: ignore[method-assign]
        findings = list(permissions.check(patient))
        assert [(f.state, f.text) for f in findings] == [
            ("fail", "you may not call iot:Subscribe (RelayListens)"),
            ("note", "you may not call logs:DescribeLogGroups (TakenNames)"),
        ]

    def test_nothing_denied(self, patient: Patient) -> None:
        aws(patient).simulate = lambda *_: []  # type: ignore[method-assign]
        assert one(permissions.check(patient)).state == "ok"

    def test_simulator_that_may_not_be_asked_is_no_failure(self, patient: Patient) -> None:
        def refuse(*_: Any) -> list[str]:
            raise AwsError("You may not call iam:SimulatePrincipalPolicy: no.")

        aws(patient).simulate = refuse  # type: ignore[method-assign, assignment]
        finding = one(permissions.check(patient))
        assert finding.state == "skip"
        assert "iam:SimulatePrincipalPolicy" in finding.text

    def test_simulation_of_several_pages(self, patient: Patient) -> None:
        def result(action: str, decision: str) -> dict[str, str]:
            return {"EvalActionName": action, "EvalDecision": decision}

        first = {
            "EvaluationResults": [result("a:A", "allowed")],
            "IsTruncated": True,
            "Marker": "m",
        }
        second = {"EvaluationResults": [result("a:B", "implicitDeny")]}
        aws(patient).answer("iam", "simulate_principal_policy", first)
        aws(patient).answer("iam", "simulate_principal_policy", second)
        assert aws(patient).simulate(WHO.arn, ["a:A", "a:B"], ["*"]) == ["a:B"]

    @pytest.mark.parametrize("arn", [f"arn:aws:iam::{ACCOUNT}:root"])
    def test_root_is_not_simulated(self, patient: Patient, arn: str) -> None:
        patient.identity = Identity(ACCOUNT, arn)
        assert one(permissions.check(patient)).state == "skip"


class TestBroker:
    def check(self, patient: Patient, endpoint: str, **variables: str) -> list[Finding]:
        patient.environment = variables
        patient.__dict__["endpoint"] = endpoint
        return list(broker.check(patient))

    def closed(self) -> int:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port: int = listener.getsockname()[1]
        return port

    def test_name_that_does_not_resolve(self, patient: Patient) -> None:
        last = self.check(patient, "nobody.invalid")[-1]
        assert (last.name, last.state) == ("iot name", "fail")
        assert "HTTPS_PROXY" in last.hint

    def test_proxy_that_is_not_there(self, patient: Patient) -> None:
        proxy = f"http://ana:secret@127.0.0.1:{self.closed()}"
        last = self.check(patient, "iot.example.com", HTTPS_PROXY=proxy)[-1]
        assert (last.name, last.state) == ("iot proxy", "fail")
        assert "secret" not in last.text

    def test_closed_port(self, patient: Patient) -> None:
        last = self.check(patient, f"127.0.0.1:{self.closed()}")[-1]
        assert (last.name, last.state) == ("iot tls", "fail")
        assert "443" in last.hint


class TestStages:
    def test_stage_of_another_machine_and_stubs_without_a_stage(self, patient: Patient) -> None:
        tags = [{"Key": "samlive:app", "Value": "orders"}, {"Key": "samlive:stage", "Value": "ben"}]
        far = stack(StackName="orders-ben", Tags=tags)
        other = stack(StackName="team", Tags=[])
        aws(patient).answer("cloudformation", "describe_stacks", {"Stacks": [far, other]})
        layer = [{"Arn": f"arn:aws:lambda:r:1:layer:{LAYER_NAME}:3"}]

        def stub(name: str, stage: str) -> dict[str, Any]:
            settings = f"a=orders;s={stage};f=F;e=h;r=eu-central-1;k=x;x=fail"
            variables = {"Variables": {"SAMLIVE": settings}}
            return {"FunctionName": name, "Layers": layer, "Environment": variables}

        functions = [stub("F1", "ben"), stub("F2", "gone"), {"FunctionName": "mine"}]
        aws(patient).answer("lambda", "list_functions", {"Functions": functions})
        far_one, loose = stages.orphans(patient)
        assert "stage ben (orders-ben)" in far_one.text
        assert "samlive remove --stage ben --stack-name orders-ben" in far_one.hint
        assert loose.text == "stubs without a stage: F2"

    def test_nothing_left_behind(self, patient: Patient) -> None:
        aws(patient).answer("cloudformation", "describe_stacks", {"Stacks": []})
        aws(patient).answer("lambda", "list_functions", {"Functions": []})
        assert one(stages.orphans(patient)).state == "ok"

    def test_what_may_not_be_listed_is_no_failure(self, patient: Patient) -> None:
        aws(patient).refuse("cloudformation", "describe_stacks", "AccessDenied")
        assert one(stages.orphans(patient)).state == "skip"

    def test_parked_stage_is_named_with_the_way_out(self, patient: Patient) -> None:
        import io

        from botocore.response import StreamingBody

        note = json.dumps({"stack": "s", "mappings": ["u-1", "u-2"]}).encode()
        body = StreamingBody(io.BytesIO(note), len(note))
        aws(patient).answer("s3", "get_object", {"Body": body})
        finding = one(stages.parked(patient))
        assert "2 event source mapping(s) wait" in finding.text
        assert "samlive unpark" in finding.hint

    @pytest.mark.parametrize(
        ("status", "state", "hint"),
        [
            ("ROLLBACK_COMPLETE", "note", "makes it anew"),
            ("UPDATE_IN_PROGRESS", "note", "waits for it"),
            ("UPDATE_COMPLETE", "ok", ""),
        ],
    )
    def test_state_of_the_stack(self, patient: Patient, status: str, state: str, hint: str) -> None:
        aws(patient).answer("cloudformation", "describe_stacks", {"Stacks": [stack(status)]})
        first = next(iter(stages.chosen(patient)))
        assert (first.state, hint in first.hint) == (state, True)


def test_exit_status_and_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    assert cli.main(["doctor", str(tmp_path / "template.yaml"), "--json"]) == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    failed = [each["text"] for each in told if not each["ok"]]
    assert failed == ["No AWS region is set."]
    assert {each["name"] for each in told} >= {"template", "region", "credentials", "iot", "stage"}
