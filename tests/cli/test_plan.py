"""Packages and plans: known before anything is changed, and small when nothing is new."""

import io
import json
import os
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from function_reports import REPORT
from samlive.deploy import archive, build, package, plan, standing
from samlive.deploy.package import Store, Upload
from samlive.errors import SamliveError
from samlive_stub import contract
from samlive_transform import Options, Result, read, transform
from samlive_transform.report import Artifact
from stubbed_aws import ACCOUNT, STACK_ID, StubbedAws, stack

STORE = Store("samlive-1-r", "orders", "eu-central-1", owner=ACCOUNT)
STAGE = plan.Stage("orders", "ana", "orders-ana", "k" * 43, False, "keydigest")
DEPLOYED = replace(STAGE, key_deployed=True)
TEMPLATE: dict[str, Any] = {
    "Parameters": {
        contract.KEY_PARAMETER: {"Type": "String", "NoEcho": True},
        "Level": {"Type": "String", "Default": "INFO"},
    },
    "Resources": {"Q": {"Type": "AWS::SQS::Queue"}},
}
KEPT = replace(
    REPORT, logical_id="Seed", live=False, reason="kept", handler="seed.handler", code="seed"
)


def make(
    stage: plan.Stage = STAGE,
    template: dict[str, Any] = TEMPLATE,
    stack: dict[str, Any] | None = None,
    **wishes: Any,
) -> plan.Plan:
    return plan.make(stage, template, (), STORE, plan.Wishes(**wishes), stack)


def after(made: plan.Plan, status: str = "UPDATE_COMPLETE") -> dict[str, Any]:
    """The stack as a plan leaves it."""
    import json

    outputs = json.loads(made.change.template["TemplateBody"])["Outputs"]
    return stack(
        status,
        Outputs=[{"OutputKey": n, "OutputValue": o["Value"]} for n, o in outputs.items()],
        Parameters=[
            {"ParameterKey": "Level", "ParameterValue": "INFO"},
            {"ParameterKey": contract.KEY_PARAMETER, "ParameterValue": "****"},
        ],
    )


class TestPlan:
    def test_parameter_without_a_value_is_refused_with_what_to_type(self) -> None:
        template = {**TEMPLATE, "Parameters": {"Vpc": {"Type": "String"}}}
        with pytest.raises(SamliveError, match="Vpc have no value") as refused:
            make(template=template)
        assert "Vpc=..." in refused.value.hint

    def test_template_that_cloudformation_would_refuse_is_told_before(self) -> None:
        template = {**TEMPLATE, "Description": "x" * 1024 * 1024}
        with pytest.raises(SamliveError, match=r"1024 KB") as refused:
            make(template=template)
        assert "nested stacks" in refused.value.hint

    def test_missing_parameters_are_known_before_and_secrets_among_them(self) -> None:
        template = {
            "Parameters": {
                contract.KEY_PARAMETER: {"Type": "String", "NoEcho": True},
                "Vpc": {"Type": "String"},
                "Password": {"Type": "String", "NoEcho": "true"},
                "Level": {"Type": "String", "Default": ""},
            }
        }
        assert plan.missing(template, {}, None) == {"Vpc": False, "Password": True}
        known = stack(Parameters=[{"ParameterKey": "Password", "ParameterValue": "****"}])
        assert plan.missing(template, {"Vpc": "x"}, known) == {}
        failed = {**known, "StackStatus": "ROLLBACK_COMPLETE"}
        assert plan.missing(template, {"Vpc": "x"}, failed) == {"Password": True}

    def test_first_deploy_sends_the_key_and_lets_defaults_be(self) -> None:
        made = make()
        assert (made.action, made.change.create) == ("create", True)
        assert made.change.parameters == (
            {"ParameterKey": contract.KEY_PARAMETER, "ParameterValue": "k" * 43},
        )

    def test_update_keeps_the_key_and_earlier_values(self) -> None:
        made = make(DEPLOYED, stack=after(make(), "UPDATE_ROLLBACK_COMPLETE"))
        assert made.action == "update"
        assert made.change.parameters == (
            {"ParameterKey": contract.KEY_PARAMETER, "UsePreviousValue": True},
            {"ParameterKey": "Level", "UsePreviousValue": True},
        )

    def test_override_goes_before_the_earlier_value(self) -> None:
        made = make(DEPLOYED, stack=after(make()), parameters={"Level": "DEBUG", "Other": "x"})
        assert {"ParameterKey": "Level", "ParameterValue": "DEBUG"} in made.change.parameters
        assert len(made.change.parameters) == 2

    def test_nothing_changed_is_nothing_to_do(self) -> None:
        made = make(DEPLOYED, stack=after(make()))
        assert made.action == "none"
        assert made.uploads == ()
        assert plan.show(made) == ["orders-ana is up to date; nothing to deploy."]

    @pytest.mark.parametrize(
        "wishes",
        [
            {"parameters": {"Level": "DEBUG"}},
            {"tags": {"team": "x"}},
            {"capabilities": ("CAPABILITY_IAM",)},
            {"role_arn": "arn:aws:iam::1:role/x"},
            {"notification_arns": ("arn:aws:sns:r:1:t",)},
        ],
        ids=lambda wishes: next(iter(wishes)),
    )
    def test_change_of_a_wish_is_a_change(self, wishes: dict[str, Any]) -> None:
        assert make(DEPLOYED, stack=after(make()), **wishes).action == "update"

    def test_new_key_is_a_change(self) -> None:
        assert make(STAGE, stack=after(make())).action == "update"

    def test_stack_that_failed_is_deployed_again_although_nothing_changed(self) -> None:
        assert make(DEPLOYED, stack=after(make(), "UPDATE_FAILED")).action == "update"

    def test_creation_that_failed_is_replaced(self) -> None:
        made = make(stack=stack("ROLLBACK_COMPLETE"))
        assert (made.action, made.stack_id, made.change.create) == ("replace", STACK_ID, True)
        assert "delete orders-ana" in plan.show(made)[0]

    def test_stack_is_tagged_as_ours_and_the_users_tags_stay(self) -> None:
        tags = make(tags={"team": "x"}).change.tags
        assert tags["team"] == "x"
        assert (tags[standing.APP_TAG], tags[standing.STAGE_TAG]) == ("orders", "ana")

    def test_tags_do_not_change_with_the_content(self) -> None:
        other = {**TEMPLATE, "Resources": {}}
        assert make().change.tags == make(template=other).change.tags

    def test_key_shows_nowhere_in_the_plan(self) -> None:
        made = make()
        assert "k" * 43 not in repr(made)
        assert "k" * 43 not in "".join(plan.show(made))
        assert "k" * 43 not in made.change.template["TemplateBody"]

    def test_large_template_goes_through_the_bucket(self) -> None:
        made = make(template={**TEMPLATE, "Description": "x" * 60_000})
        assert set(made.change.template) == {"TemplateURL"}
        assert made.uploads[-1].key in made.change.template["TemplateURL"]
        assert len(made.uploads[-1].body) == made.template_bytes > 51_200


class TestApply:
    def uploading(self, aws: StubbedAws, *uploads: Upload) -> list[str]:
        told: list[str] = []
        made = replace(make(), uploads=uploads)
        with pytest.raises(AssertionError, match="deployed"):
            plan.apply(made, aws, threading.Event(), fail, lambda u: told.append(u.key))
        return told

    @pytest.fixture
    def aws(self, monkeypatch: pytest.MonkeyPatch) -> StubbedAws:
        monkeypatch.setattr(plan, "PARALLEL_UPLOADS", 1)  # stubs answer in order
        monkeypatch.setattr("samlive.deploy.stack.Stack.change", fail)
        return StubbedAws()

    def test_nothing_to_do_calls_nothing(self, aws: StubbedAws) -> None:
        made = make(DEPLOYED, stack=after(make()))
        assert plan.apply(made, aws, threading.Event(), fail) is False

    def test_without_uploads_no_bucket_is_made(self, aws: StubbedAws) -> None:
        assert self.uploading(aws) == []

    def test_what_lies_there_is_not_uploaded_again(self, aws: StubbedAws) -> None:
        aws.answer("s3", "head_bucket", {})
        aws.answer(
            "s3",
            "head_object",
            {},
            {"Bucket": "samlive-1-r", "Key": "a", "ExpectedBucketOwner": ACCOUNT},
        )
        aws.refuse("s3", "head_object", "404")
        aws.answer(
            "s3",
            "put_object",
            {},
            {"Bucket": "samlive-1-r", "Key": "b", "Body": b"2", "ExpectedBucketOwner": ACCOUNT},
        )
        assert self.uploading(aws, Upload("a", b"1", ""), Upload("b", b"2", "")) == ["b"]
        aws.check_all_asked()


def fail(*_: Any, **__: Any) -> Any:
    raise AssertionError("deployed")


class TestPackage:
    def artifact(self, local: Path, **fields: Any) -> Artifact:
        values = {"kind": "function", "form": "uri", "zipped": True, "function": KEPT, **fields}
        return Artifact("Seed", "Properties.CodeUri", str(local), **values)

    def prepare(
        self, tmp_path: Path, artifact: Artifact
    ) -> tuple[dict[str, Any], tuple[Upload, ...]]:
        result = Result(
            source=None,  # type: ignore[arg-type]  # packaging looks at the tree alone
            template={
                "Resources": {
                    "Seed": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "seed"}}
                }
            },
            report=None,  # type: ignore[arg-type]
            artifacts=(artifact,),
        )
        return package.prepare(result, STORE, tmp_path / "cache")

    def test_missing_artifact_is_told_with_its_property(self, tmp_path: Path) -> None:
        with pytest.raises(SamliveError, match=r"Seed\.Properties\.CodeUri: .*nope does not exist"):
            self.prepare(tmp_path, self.artifact(tmp_path / "nope"))

    @pytest.mark.parametrize(
        ("form", "start"),
        [
            ("uri", "s3://samlive-1-r/orders/"),
            ("url", "https://s3.eu-central-1.amazonaws.com/samlive-1-r/orders/"),
        ],
    )
    def test_reference_has_the_form_that_is_wanted(
        self, tmp_path: Path, form: str, start: str
    ) -> None:
        (tmp_path / "seed").mkdir()
        (tmp_path / "seed/seed.py").write_text("x = 1")
        tree, uploads = self.prepare(tmp_path, self.artifact(tmp_path / "seed", form=form))
        assert tree["Resources"]["Seed"]["Properties"]["CodeUri"].startswith(start)
        assert tree["Resources"]["Seed"]["Properties"]["CodeUri"].endswith(uploads[0].key)

    def test_reference_as_a_mapping(self, tmp_path: Path) -> None:
        path = tmp_path / "code.zip"
        path.write_bytes(b"zip")
        tree, uploads = self.prepare(tmp_path, self.artifact(path, form="S3Bucket,S3Key"))
        code = tree["Resources"]["Seed"]["Properties"]["CodeUri"]
        assert code == {"S3Bucket": "samlive-1-r", "S3Key": uploads[0].key}
        assert uploads[0].body == b"zip"

    def test_nested_template_is_packaged_with_what_lies_in_it(self, tmp_path: Path) -> None:
        (tmp_path / "seed").mkdir()
        (tmp_path / "seed/seed.py").write_text("def handler(e, c): pass")
        (tmp_path / "child.yaml").write_text(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n"
            "  Live: {Type: AWS::Serverless::Function, Properties: "
            "{Runtime: python3.12, Handler: a.b, CodeUri: seed}}\n"
            "  Seed: {Type: AWS::Serverless::Function, Properties: "
            "{Runtime: python3.12, Handler: seed.handler, CodeUri: seed}}\n"
            "  Fill: {Type: 'Custom::Fill', Properties: {ServiceToken: !GetAtt Seed.Arn}}\n"
        )
        path = tmp_path / "template.yaml"
        path.write_text(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n"
            "  Child: {Type: AWS::Serverless::Application, Properties: {Location: child.yaml}}\n"
        )
        options = Options("orders", "ana", "arn:aws:lambda:r:1:layer:l:1", "d", "e")
        result = transform(read(path), options)
        tree, uploads = package.prepare(result, STORE, tmp_path / "cache")
        assert [upload.key.rpartition(".")[2] for upload in uploads] == ["zip", "template"]
        assert uploads[0].key in uploads[1].body.decode()
        assert uploads[1].key in tree["Resources"]["Child"]["Properties"]["Location"]
        assert result.template["Resources"]["Child"]["Properties"]["Location"] == "child.yaml"


class TestArchive:
    def test_same_content_gives_the_same_bytes(self, tmp_path: Path) -> None:
        for name, when in (("a", 1_000_000_000), ("b", 1_700_000_000)):
            folder = tmp_path / name
            (folder / "pkg").mkdir(parents=True)
            for file in ("z.py", "pkg/a.py"):
                (folder / file).write_text(file)
                os.utime(folder / file, (when, when))
            (folder / "__pycache__").mkdir()
            (folder / "__pycache__/z.pyc").write_bytes(name.encode())
        assert archive.zip_folder(tmp_path / "a") == archive.zip_folder(tmp_path / "b")
        assert archive.digest_folder(tmp_path / "a") == archive.digest_folder(tmp_path / "b")

    def test_what_runs_still_runs_and_state_is_left_out(self, tmp_path: Path) -> None:
        (tmp_path / "bootstrap").write_text("#!/bin/sh")
        (tmp_path / "bootstrap").chmod(0o700)
        (tmp_path / "data").write_text("")
        for folder in (".samlive", ".git"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "secret").write_text("")
        with zipfile.ZipFile(io.BytesIO(archive.zip_folder(tmp_path))) as found:
            modes = {i.filename: oct(i.external_attr >> 16 & 0o777) for i in found.infolist()}
        assert modes == {"bootstrap": "0o755", "data": "0o644"}


class TestBuild:
    def test_function_without_a_manifest_is_its_folder(self, tmp_path: Path) -> None:
        (tmp_path / "seed.py").write_text("x = 1")
        assert build.recipe(KEPT, tmp_path) is None
        assert build.package(KEPT, tmp_path, tmp_path / "c") == archive.zip_folder(tmp_path)

    @pytest.mark.parametrize(
        ("runtime", "metadata", "manifest", "manager"),
        [
            ("python3.12", {}, "requirements.txt", "pip"),
            ("nodejs20.x", {}, "package.json", "npm"),
            ("nodejs20.x", {"BuildMethod": "esbuild"}, "package.json", "npm-esbuild"),
            ("provided.al2023", {"BuildMethod": "makefile"}, "Makefile", ""),
            ("provided.al2023", {"BuildMethod": "go1.x"}, "go.mod", "modules"),
            ("provided.al2023", {"BuildMethod": "python3.12"}, "requirements.txt", "pip"),
        ],
    )
    def test_recipe_follows_runtime_and_metadata(
        self, tmp_path: Path, runtime: str, metadata: dict[str, Any], manifest: str, manager: str
    ) -> None:
        (tmp_path / manifest).write_text("")
        found = build.recipe(replace(KEPT, runtime=runtime, metadata=metadata), tmp_path)
        assert found is not None
        assert found.manager == manager

    @pytest.mark.parametrize("edited", [False, True])
    def test_what_sam_has_built_is_taken_until_the_next_edit(
        self, tmp_path: Path, edited: bool
    ) -> None:
        folder, built = tmp_path / "src", tmp_path / ".aws-sam/build/Seed"
        for path in (folder, built):
            path.mkdir(parents=True)
        (folder / "requirements.txt").write_text("")
        (built / "built.py").write_text("")
        (tmp_path / ".aws-sam/build.toml").write_text("")
        when = 2_000_000_000 if edited else 1_000_000_000
        os.utime(folder / "requirements.txt", (when, when))
        assert build.sam_build(KEPT, folder) == (None if edited else built)
        if not edited:
            content = build.package(KEPT, folder, tmp_path / "cache")
            assert content == archive.zip_folder(built)

    def test_failed_build_is_told_with_the_way_out(self, tmp_path: Path) -> None:
        (tmp_path / "requirements.txt").write_text("")
        function = replace(KEPT, runtime="python2.7")
        with pytest.raises(SamliveError, match="cannot be built") as failed:
            build.package(function, tmp_path, tmp_path / "cache")
        assert "--live Seed" in failed.value.hint
        assert not (tmp_path / "cache").exists()

    def test_build_is_done_once_for_the_same_sources(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "src").mkdir()
        (tmp_path / "src/requirements.txt").write_text("")
        runs: list[Path] = []

        def run(_: Any, __: Any, folder: Path, work: Path, inner: str) -> None:
            runs.append(folder)
            (work / "artifacts").mkdir()
            (work / "artifacts/built").write_text(str(len(runs)))

        monkeypatch.setattr(build, "_run", run)
        first = build.package(KEPT, tmp_path / "src", tmp_path / "cache")
        assert build.package(KEPT, tmp_path / "src", tmp_path / "cache") == first
        assert len(runs) == 1
        (tmp_path / "src/app.py").write_text("")
        assert build.package(KEPT, tmp_path / "src", tmp_path / "cache") != first


def test_first_deploy_of_the_example_uploads_little(tmp_path: Path) -> None:
    """Layer, template and artifacts of `examples/orders`: 150 KB beside code that is kept."""
    from samlive.deploy import layer
    from transform_stage import options

    example = Path(__file__).parents[2] / "examples/orders/template.yaml"
    result = transform(read(example), options())
    store = Store("bucket", "orders", "eu-central-1")
    template, uploads = package.prepare(result, store, tmp_path)
    kept = {f.logical_id for f in result.report.functions if not f.live}
    others = [u for u in uploads if u.origin.partition(":")[0] not in kept]
    content, _ = layer.build()
    total = len(content) + len(json.dumps(template)) + sum(len(u.body) for u in others)
    assert total < 150_000
