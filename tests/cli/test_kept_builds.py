"""What kept functions need built: their layers, and the images that they run from."""

import io
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from samlive.deploy import build, package
from samlive.deploy.image_build import Image, Images
from samlive.deploy.package import Store
from samlive.errors import SamliveError
from samlive_transform import read, transform
from samlive_transform.report import Artifact, LayerReport
from stubbed_aws import REGION, StubbedAws
from transform_stage import options

REPOSITORY = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/orders"
DOCKER = """\
#!/bin/sh
printf '%s\\n' "$*" >> "$DOCKER_SAID"
case "$1" in
  build) while [ "$1" != --iidfile ]; do shift; done; echo sha256:0123456789abcdef > "$2"
         echo "argument: $TOKEN" >> "$DOCKER_SAID";;
  --config) cat "$2/config.json" >> "$DOCKER_SAID";;
esac
[ -z "$DOCKER_FAILS" ] || { echo "no space left"; exit 1; }
"""


def names(content: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        return {each.filename for each in found.infolist() if not each.is_dir()}


class TestLayers:
    def test_method_that_is_not_known_is_refused(self, tmp_path: Path) -> None:
        tools = LayerReport("Tools", "", "x86_64", {"BuildMethod": "cobol"})
        with pytest.raises(SamliveError, match="Tools: the BuildMethod cobol"):
            build.layer(tools, tmp_path, tmp_path / "cache")

    def test_python_lies_where_lambda_looks(self, tmp_path: Path) -> None:
        (tmp_path / "src").mkdir()
        (tmp_path / "src/requirements.txt").write_text("")
        (tmp_path / "src/tools.py").write_text("x = 1")
        tools = LayerReport("Tools", "python3.11", "x86_64", {"BuildMethod": "python3.11"})
        content = build.layer(tools, tmp_path / "src", tmp_path / "cache")
        assert "python/tools.py" in names(content)
        assert build.layer(tools, tmp_path / "src", tmp_path / "cache") == content

    def test_what_samlive_keeps_beside_the_template_is_no_code(self, tmp_path: Path) -> None:
        (tmp_path / "requirements.txt").write_text("")
        (tmp_path / "tools.py").write_text("x = 1")
        state = tmp_path / ".samlive"
        state.mkdir()
        os.symlink("nowhere", state / "broken")  # like a socket, it cannot be copied
        tools = LayerReport("Tools", "python3.11", "x86_64", {"BuildMethod": "python3.11"})
        found = names(build.layer(tools, tmp_path, state / "cache"))
        assert found == {"python/tools.py", "python/requirements.txt"}

    # aws-lambda-builders leaves make's pipes to the garbage collector
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    @pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
    def test_makefile_makes_its_folders_itself(self, tmp_path: Path) -> None:
        (tmp_path / "src").mkdir()
        target = "build-Tools:\n\tmkdir $(ARTIFACTS_DIR)/bin\n\techo x > $(ARTIFACTS_DIR)/bin/x\n"
        (tmp_path / "src/Makefile").write_text(target)
        tools = LayerReport("Child/Tools", "python3.12", "x86_64", {"BuildMethod": "makefile"})
        assert names(build.layer(tools, tmp_path / "src", tmp_path / "cache")) == {"bin/x"}

    @pytest.mark.parametrize(
        ("metadata", "properties", "runtime"),
        [
            ("BuildMethod: python3.12", "", "python3.12"),
            ("BuildMethod: makefile", "CompatibleRuntimes: [nodejs22.x]", "nodejs22.x"),
            ("Other: thing", "CompatibleRuntimes: [nodejs22.x]", None),
        ],
    )
    def test_template_says_how(
        self, tmp_path: Path, metadata: str, properties: str, runtime: str | None
    ) -> None:
        further = f", {properties}" if properties else ""
        (tmp_path / "template.yaml").write_text(
            "Transform: AWS::Serverless-2016-10-31\n"
            "Globals: {Function: {Runtime: python3.12, Handler: a.b}}\n"
            "Resources:\n"
            "  Live: {Type: AWS::Serverless::Function, Properties: {CodeUri: src}}\n"
            "  Seed: {Type: AWS::Serverless::Function, Properties: "
            "{CodeUri: src, Layers: [!Ref Tools]}}\n"
            "  Fill: {Type: 'Custom::Fill', Properties: {ServiceToken: !GetAtt Seed.Arn}}\n"
            "  Tools:\n    Type: AWS::Serverless::LayerVersion\n"
            f"    Metadata: {{{metadata}}}\n    Properties: {{ContentUri: tools{further}}}\n"
        )
        result = transform(read(tmp_path / "template.yaml"), options())
        (artifact,) = (each for each in result.artifacts if each.kind == "layer")
        found = artifact.layer
        assert (found.runtime if found else None) == runtime


class TestImages:
    @pytest.fixture
    def docker(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A Docker that only says what it was asked."""
        (tmp_path / "bin").mkdir()
        program = tmp_path / "bin/docker"
        program.write_text(DOCKER)
        program.chmod(0o700)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
        monkeypatch.setenv("DOCKER_SAID", str(tmp_path / "said"))
        return tmp_path / "said"

    @pytest.fixture
    def artifact(self, tmp_path: Path) -> Artifact:
        (tmp_path / "image").mkdir()
        (tmp_path / "template.yaml").write_text(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n"
            "  Live: {Type: AWS::Serverless::Function, Properties: "
            "{CodeUri: src, Handler: a.b, Runtime: python3.12}}\n"
            "  Kept:\n    Type: AWS::Serverless::Function\n"
            "    Metadata: {Dockerfile: Own, DockerContext: image, DockerBuildTarget: last, "
            "DockerBuildArgs: {TOKEN: hunter2}}\n"
            "    Properties: {PackageType: Image, Architectures: [arm64]}\n"
        )
        template = read(tmp_path / "template.yaml")
        result = transform(template, options(exclude=frozenset(["Kept"])))
        (found,) = (each for each in result.artifacts if each.kind == "image")
        self.result = result
        return found

    def prepare(self, tmp_path: Path, images: Images) -> dict[str, Any]:
        tree, _ = package.prepare(self.result, Store("b", "p", "r"), tmp_path / "cache", images)
        return tree

    def test_without_a_repository_the_option_is_named(
        self, tmp_path: Path, artifact: Artifact, docker: Path
    ) -> None:
        with pytest.raises(SamliveError, match="Kept is kept and runs from an image") as refused:
            package.prepare(self.result, Store("b", "p", "r"), tmp_path / "cache")
        assert "--image-repository" in refused.value.hint

    def test_without_docker_it_is_named(
        self, artifact: Artifact, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shutil.which", lambda name: None)
        with pytest.raises(SamliveError, match="Docker is not installed"):
            Images(REPOSITORY).build(artifact)

    def test_failed_build_says_what_docker_said(
        self, artifact: Artifact, docker: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DOCKER_FAILS", "yes")
        with pytest.raises(SamliveError, match="no space left"):
            Images(REPOSITORY).build(artifact)

    def test_image_is_built_named_and_pushed(
        self, tmp_path: Path, artifact: Artifact, docker: Path
    ) -> None:
        images = Images(REPOSITORY)
        uri = f"{REPOSITORY}:kept-0123456789ab"
        tree = self.prepare(tmp_path, images)
        assert tree["Resources"]["Kept"]["Properties"]["ImageUri"] == uri
        asked = docker.read_text()
        assert f"--file {tmp_path / 'image/Own'} --platform linux/arm64" in asked
        assert f"--target last --build-arg TOKEN {tmp_path / 'image'}\n" in asked
        assert "argument: hunter2" in asked  # by the environment, not by an argument

        aws, pushed = StubbedAws(), list[Image]()
        login = {"authorizationData": [{"authorizationToken": "QVdTOnB3"}]}
        aws.answer("ecr", "get_authorization_token", login, region=REGION)
        images.push(aws, pushed.append)
        assert pushed == [Image("Kept", uri)]
        said = docker.read_text()
        assert f"push --quiet {uri}\n" in said
        registry = REPOSITORY.partition("/")[0]
        kept = said[said.rindex("{") - 12 :]
        assert registry in said
        assert "QVdTOnB3" in kept
        assert json.loads(said[said.index('{"auths"') :])["auths"][registry]["auth"] == "QVdTOnB3"

    def test_nothing_built_pushes_nothing(self) -> None:
        Images("").push(StubbedAws(), lambda image: None)
