"""What this machine can run, what it lacks, and how what it can is built."""

import os
import shlex
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from function_reports import REPORT
from samlive import images, recipes, toolchains
from samlive.deploy import archive, build
from samlive_transform.report import FunctionReport

FUNCTION = replace(
    REPORT, logical_id="Tea", live=False, runtime="provided.al2023", handler="bootstrap"
)


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, and a machine with the programs that a test puts into its bin folder."""
    (tmp_path / "src").mkdir()
    (tmp_path / "bin").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return tmp_path


def install(*programs: str) -> None:
    for program in programs:
        path = Path("bin", program)
        path.write_text("#!/bin/sh\nexit 1\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)


def given(*files: str, **fields: Any) -> FunctionReport:
    for name in files:
        path = Path("src", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return replace(FUNCTION, **fields)


UNBUILT = "; it is deployed unbuilt, unless `sam build` has built it"


class TestObstacle:
    @pytest.mark.parametrize(
        ("runtime", "method", "files", "missing", "unbuilt"),
        [
            ("nodejs20.x", None, (), "Node.js is|node", False),
            ("java21", None, (), "a Java runtime is|java", False),
            ("java21", None, ("pom.xml",), "a Java runtime is|java", True),
            ("ruby3.3", None, (), "Ruby is|ruby", False),
            ("dotnet8", None, ("tea.csproj",), "the .NET SDK is|dotnet", True),
            ("provided.al2023", "go1.x", (), "Go is|go", True),
            ("provided.al2023", None, ("go.mod",), "Go is|go", True),
            ("provided.al2023", "rust-cargolambda", (), "Rust is|cargo", True),
            ("provided.al2", "makefile", ("Makefile",), "make is|make", True),
        ],
    )
    def test_a_missing_program_is_named_and_enough(
        self, runtime: str, method: str | None, files: tuple[str, ...], missing: str, unbuilt: bool
    ) -> None:
        metadata = {"BuildMethod": method} if method else {}
        function = given(*files, runtime=runtime, metadata=metadata)
        what, _, program = missing.partition("|")
        text = f"{what} not installed on this machine (no `{program}` on the PATH)"
        assert toolchains.obstacle(function) == text + (UNBUILT if unbuilt else "")
        install("node", "java", "javac", "mvn", "ruby", "dotnet", "go", "cargo", "make")
        assert toolchains.obstacle(function) == ""

    def test_parts_of_a_toolchain_are_told_one_by_one(self) -> None:
        function = given("pom.xml", runtime="java21")
        install("java")
        assert "no `javac`" in toolchains.obstacle(function)
        install("javac")
        assert "Maven is not installed" in toolchains.obstacle(function)

    def test_gradle_may_come_with_the_project(self) -> None:
        function = given("build.gradle", runtime="java21")
        install("java", "javac")
        assert "Gradle is not installed" in toolchains.obstacle(function)
        assert toolchains.obstacle(given("gradlew", runtime="java21")) == ""

    def test_java_home_is_a_jdk_too(self, machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        install("java", "javac")
        monkeypatch.setenv("JAVA_HOME", str(machine))
        monkeypatch.setenv("PATH", "")
        assert toolchains.obstacle(given(runtime="java21")) == ""

    def test_a_program_of_ones_own_has_to_be_there_or_be_built(self) -> None:
        assert "its code holds no `bootstrap`" in toolchains.obstacle(given())
        assert toolchains.obstacle(given(layers=("arn:aws:lambda:r:1:layer:x:1",))) == ""
        assert toolchains.obstacle(given(metadata={"SamLive": {"Build": "make"}})) == ""
        assert toolchains.obstacle(given(metadata={"SamLive": {"Run": "./serve"}})) == ""
        assert toolchains.obstacle(given("bootstrap")) == ""

    def test_a_class_library_needs_the_package_that_starts_it(self) -> None:
        function = given("Tea.csproj", runtime="dotnet8", handler="Tea::Tea.Shop::Pour")
        install("dotnet")
        assert "Amazon.Lambda.RuntimeSupport" in toolchains.obstacle(function)
        Path("src/Tea.csproj").write_text(
            '<PackageReference Include="Amazon.Lambda.RuntimeSupport"'
        )
        assert toolchains.obstacle(function) == ""
        Path("src/Tea.csproj").write_text("")
        cached = Path(".nuget/packages/amazon.lambda.runtimesupport/1.10.0/lib/net8.0")
        cached.mkdir(parents=True)
        (cached / "Amazon.Lambda.RuntimeSupport.dll").touch()
        assert toolchains.obstacle(function) == ""

    def test_an_unknown_runtime_is_named(self) -> None:
        assert "cobol" in toolchains.obstacle(given(runtime="cobol1"))

    def test_survey_names_what_functions_need_and_where_it_is(self, machine: Path) -> None:
        install("ruby")
        node = given(logical_id="A", runtime="nodejs20.x")
        ruby = given(logical_id="B", runtime="ruby3.3")
        found = {each.program: each for each in toolchains.survey([node, ruby])}
        assert found["ruby"].path == str(machine / "bin" / "ruby")
        assert (found["node"].path, found["node"].functions) == (None, ("A",))
        assert "nodejs.org" in found["node"].hint

    def test_what_is_kept_for_it_is_deployed_unbuilt(self, machine: Path) -> None:
        function = given("go.mod", metadata={"BuildMethod": "go1.x"})
        function = replace(function, reason=toolchains.obstacle(function))
        content = build.package(function, machine / "src", machine / "cache")
        assert content == archive.zip_folder(machine / "src")


class TestRecipes:
    def test_sources_that_run_as_they_are_are_not_built(self) -> None:
        assert recipes.build(given("requirements.txt", runtime="python3.12")) is None
        assert recipes.build(given("package.json", runtime="nodejs20.x")) is None
        assert recipes.build(given("app.rb", runtime="ruby3.3")) is None
        assert recipes.build(given("bootstrap")) is None
        assert recipes.build(given(code=None)) is None

    def test_the_users_own_command_comes_first(self) -> None:
        metadata = {"BuildMethod": "go1.x", "SamLive": {"Build": "make dev"}}
        found = recipes.build(given("go.mod", metadata=metadata))
        assert found is not None and found.command == "make dev"
        found = recipes.build(given(runtime="python3.12", metadata={"SamLive": {"Build": "x"}}))
        assert found is not None and found.command == "x"

    @pytest.mark.parametrize(
        ("runtime", "method", "file", "language", "manager"),
        [
            ("java21", None, "pom.xml", "java", "maven"),
            ("java21", "maven", "pom.xml", "java", "maven"),
            ("java21", None, "build.gradle.kts", "java", "gradle"),
            ("java21", "makefile", "Makefile", "provided", ""),
            ("provided.al2023", "go1.x", "go.mod", "go", "modules"),
            ("provided.al2023", "makefile", "Makefile", "provided", ""),
            ("ruby3.3", None, "Gemfile", "ruby", "bundler"),
        ],
    )
    def test_builders_are_named_as_sam_does(
        self, runtime: str, method: str | None, file: str, language: str, manager: str
    ) -> None:
        metadata = {"BuildMethod": method} if method else {}
        found = recipes.build(given(file, runtime=runtime, metadata=metadata))
        assert found is not None
        assert (found.language, found.manager) == (language, manager)
        assert found.manifest == Path("src").resolve() / file

    def test_gems_that_are_installed_need_no_build(self) -> None:
        function = given("Gemfile", runtime="ruby3.3")
        install("ruby")
        assert "Bundler is not installed" in toolchains.obstacle(function)
        Path("bin/ruby").write_text("#!/bin/sh\nexit 0\n")
        assert recipes.build(function) is None
        assert toolchains.obstacle(function) == ""

    def test_a_go_function_may_lie_inside_a_module(self) -> None:
        given("go.mod", "cmd/tea/main.go")
        metadata = {"BuildMethod": "go1.x"}
        found = recipes.build(given(code="src/cmd/tea", metadata=metadata))
        assert found is not None
        assert found.manifest == Path("src/go.mod").resolve()

    @pytest.mark.parametrize(
        ("manifest", "files", "handler", "properties", "name"),
        [
            ('[package]\nname = "tea"', ("src/main.rs",), "bootstrap", {}, "tea"),
            ('[[bin]]\nname = "a"\n[[bin]]\nname = "b"', (), "b", {}, "b"),
            ('[package]\nname = "tea"', ("src/bin/pot.rs",), "bootstrap", {}, "pot"),
            ('[package]\nname = "tea"', (), "bootstrap", {"Binary": "cup"}, "cup"),
            ("no manifest", (), "bootstrap", {}, "bootstrap"),
        ],
    )
    def test_the_rust_program_is_the_one_that_sam_would_take(
        self, manifest: str, files: tuple[str, ...], handler: str, properties: Any, name: str
    ) -> None:
        metadata = {"BuildMethod": "rust-cargolambda", "BuildProperties": properties}
        function = given(*files, handler=handler, metadata=metadata)
        Path("src/Cargo.toml").write_text(manifest)
        found = recipes.build(function)
        assert found is not None
        assert f'"$SCRATCH_DIR/debug/"{shlex.quote(name)}' in found.command or (
            name == "bootstrap" and "debug/bootstrap" in found.command
        )

    def test_an_archive_runs_unpacked_and_a_jar_from_its_project(self) -> None:
        given("target/app.zip")
        function = given(code="src/target/app.zip", runtime="python3.12")
        found = recipes.build(function)
        assert found is not None and "zipfile" in found.command
        assert found.sources == (Path("src/target/app.zip").resolve(),)
        given("target/app.jar", "pom.xml")
        function = given(code="src/target/app.jar", runtime="java21")
        assert recipes.folder(function) == Path("src").resolve()
        found = recipes.build(function)
        assert found is not None and found.manager == "maven"


DOCKERFILE = "FROM public.ecr.aws/lambda/python:3.12\nCOPY app.py ${LAMBDA_TASK_ROOT}\n"


def image(dockerfile: str = DOCKERFILE, *files: str, **fields: Any) -> FunctionReport:
    function = given(*files, package="Image", runtime="", handler="", **fields)
    Path("src/Dockerfile").write_text(dockerfile)
    return replace(function, metadata={"DockerContext": "src", **function.metadata})


class TestImages:
    @pytest.mark.parametrize(
        ("dockerfile", "files", "command", "why"),
        [
            ("FROM scratch\n", ("app.py",), ("app.go",), "made from scratch"),
            ("", ("app.py",), ("app.go",), "made from nothing known"),
            (DOCKERFILE, ("app.py",), (), "no command names its handler"),
            (DOCKERFILE, (), ("app.go",), "holds no file of app.go"),
        ],
    )
    def test_what_is_unclear_is_told_with_the_way_out(
        self, dockerfile: str, files: tuple[str, ...], command: tuple[str, ...], why: str
    ) -> None:
        found = toolchains.obstacle(image(dockerfile, *files, command=command))
        assert why in found
        assert found.endswith("say how by Metadata: {SamLive: {Run: command}}")

    def test_without_a_context_or_dockerfile_it_is_told(self) -> None:
        function = given(package="Image", runtime="", handler="", code=None)
        assert "its source is not in the template" in toolchains.obstacle(function)
        function = image()
        os.unlink("src/Dockerfile")
        assert "there is no src/Dockerfile" in toolchains.obstacle(function)

    def test_the_users_command_needs_nothing_else(self) -> None:
        function = image("FROM scratch\n", metadata={"SamLive": {"Run": "./serve"}})
        assert toolchains.obstacle(function) == ""

    @pytest.mark.parametrize(
        ("dockerfile", "files", "command", "runtime", "handler", "folder"),
        [
            (DOCKERFILE, ("app.py",), ("app.go",), "python3.12", "app.go", "src"),
            (DOCKERFILE + 'CMD ["app.go"]', ("app.py",), (), "python3.12", "app.go", "src"),
            (
                DOCKERFILE + 'CMD ["app.no"]',
                ("app.py",),
                ("app.go",),
                "python3.12",
                "app.go",
                "src",
            ),
            (
                "# syntax=x\nARG V=18\nFROM --platform=linux/arm64 amazon/aws-lambda-nodejs:${V} "
                'AS base\nRUN true\nFROM base\nCOPY ["lib/", "./"]\nCMD ["index.handler"]\n',
                ("lib/index.mjs",),
                (),
                "nodejs18.x",
                "index.handler",
                "src/lib",
            ),
            (
                "FROM public.ecr.aws/lambda/python:3.11 as b\nCOPY --from=x /y /var/task\n"
                "COPY --chown=1 requirements.txt \\\n  functions/tea.py /var/task/\n"
                'CMD ["tea.pour"]\n',
                ("functions/tea.py", "requirements.txt"),
                (),
                "python3.11",
                "tea.pour",
                "src/functions",
            ),
        ],
    )
    def test_runtime_handler_and_folder_come_from_the_dockerfile(
        self,
        dockerfile: str,
        files: tuple[str, ...],
        command: tuple[str, ...],
        runtime: str,
        handler: str,
        folder: str,
    ) -> None:
        install("node")
        function = image(dockerfile, *files, command=command)
        assert toolchains.obstacle(function) == ""
        found = images.source(function)
        assert isinstance(found, FunctionReport)
        assert (found.runtime, found.handler) == (runtime, handler)
        assert Path(found.code or "") == Path(folder)

    def test_build_arguments_of_the_template_win(self) -> None:
        text = 'ARG V=3.11\nFROM public.ecr.aws/lambda/python:$V\nCMD ["app.go"]\n'
        function = image(text, "app.py", metadata={"DockerBuildArgs": {"V": "3.13"}})
        found = images.source(function)
        assert isinstance(found, FunctionReport) and found.runtime == "python3.13"
