"""What builders and compilers wrote, and what is told of it."""

import json
import os
import sys
from pathlib import Path

import pytest

from relay_session import WORD_PROGRAM, Project, Run
from samlive_relay.config import Build
from samlive_relay.workers import compilers

GO = """\
Registering workflow 'GoModulesBuilder' with capability 'Capability(language='go')'
Running workflow 'GoModulesBuilder'
 Running GoModulesBuilder:Build
# tea
./main.go:7:2: x declared but not used
Go files not found. Attempting to build for Go files in a different directory
Go files not found at CodeUri /p . Descending into sub-directories to find the handler: /p/x
GoModulesBuilder:Build failed
Traceback (most recent call last):
  File "/lib/aws_lambda_builders/workflows/go_modules/actions.py", line 22, in execute
{"jsonrpc": "2.0", "id": 1, "error": {"code": 400, "message": "stat /p/x: directory not found"}}
"""
MAVEN = """\
Running workflow 'JavaMavenWorkflow'
 Running JavaMavenWorkflow:CopySource
JavaMavenWorkflow:CopySource succeeded
 Running JavaMavenWorkflow:MavenBuild
Maven logs: [INFO] Scanning for projects...
[\x1b[1;34mINFO\x1b[m] Compiling 1 source file to /scratch/target/classes
[\x1b[1;31mERROR\x1b[m] COMPILATION ERROR :
[ERROR] /scratch/src/main/java/shop/Tea.java:[3,12] ';' expected
[INFO] 1 error
[ERROR] Failed to execute goal org.apache.maven.plugins:maven-compiler-plugin:3.1:compile
[ERROR] /scratch/src/main/java/shop/Tea.java:[3,12] ';' expected
[ERROR] -> [Help 1]
JavaMavenWorkflow:MavenBuild failed
Traceback (most recent call last):
{"jsonrpc": "2.0", "id": 1, "error": {"code": 400, "message": "Maven Failed: "}}
"""
MAKE = """\
Running workflow 'CustomMakeBuilder'
 Running CustomMakeBuilder:MakeBuild
Traceback (most recent call last):
{"jsonrpc": "2.0", "id": 1, "error": {"code": 400, "message": \
"CustomMakeBuilder:MakeBuild - Make Failed: Tea.java:7: error: ';' expected\\nmake: Error 1"}}
"""
MISSING = """\
Running workflow 'JavaMavenWorkflow'
Traceback (most recent call last):
{"jsonrpc": "2.0", "id": 1, "error": {"code": 400, "message": "Binary validation failed for mvn"}}
"""


@pytest.mark.parametrize(
    ("wrote", "told"),
    [
        pytest.param(GO, "# tea\n./main.go:7:2: x declared but not used", id="go"),
        pytest.param(MAVEN, "/p/src/main/java/shop/Tea.java:3:12 ';' expected", id="maven"),
        pytest.param(MAKE, "Tea.java:7: error: ';' expected\nmake: Error 1", id="make"),
        pytest.param(MISSING, "Binary validation failed for mvn", id="no compiler"),
        pytest.param("odd", "odd", id="nothing known"),
    ],
)
def test_of_the_builders_words_the_compilers_are_told(wrote: str, told: str) -> None:
    assert compilers.problem(wrote.splitlines(), {"/scratch": "/p"}, True) == told


def test_of_a_commands_words_the_first_complaint_is_told() -> None:
    noise = [f"step {number}" for number in range(100)]
    lines = [*noise, "error: no tea", " --> src/tea.rs:3:5", *noise]
    told = compilers.problem(lines, {}, False).splitlines()
    assert told[:2] == ["error: no tea", " --> src/tea.rs:3:5"]
    assert len(told) == compilers.MAX_LINES
    assert compilers.problem(noise, {}, False).splitlines() == noise[-compilers.MAX_LINES :]


def test_megabytes_of_one_path_are_read_at_once() -> None:
    """A build that copies a folder into itself writes such lines; this took hours once."""
    lines = [f"copying {'/deep/.samlive/build' * 200}"] * 2000 + ["main.go:3:1: oops"]
    assert compilers.problem(lines, {}, by_builders=True).splitlines()[-1] == "main.go:3:1: oops"


def test_files_are_found_in_complaints_and_lists() -> None:
    told = "a/b.go:3: no\n--> src/tea.rs:1:2\nTea.cs(4,2): error CS1002\nat 12:30:00"
    assert compilers.mentioned(told) == {"a/b.go", "src/tea.rs", "Tea.cs"}
    assert list(compilers.listed(["/a/b c.go", "", " d.go"])) == ["/a/b c.go", "d.go"]
    rule = "target/debug/tea: src/main.rs /x/my\\ lib/lib.rs"
    assert list(compilers.listed([rule])) == ["src/main.rs", "/x/my lib/lib.rs"]


FAKE_MAVEN = f"""#!{sys.executable}
import pathlib, sys
if "install" in sys.argv:
    source = pathlib.Path("src/Tea.java")
    for number, line in enumerate(source.read_text().splitlines(), 1):
        if "oops" in line:
            print(f"[ERROR] {{source.resolve()}}:[{{number}},1] not a statement")
            sys.exit(1)
    made = pathlib.Path("target/classes")
    made.mkdir(parents=True)
    (made / "bootstrap").write_bytes(pathlib.Path("program").read_bytes())
    (made / "bootstrap").chmod(0o755)
    (made / "word").write_text(source.read_text())
elif "dependency:copy-dependencies" in sys.argv:
    made = pathlib.Path("target/dependency")
    made.mkdir(parents=True)
    (made / "tea.jar").touch()
else:
    print("Apache Maven 3.9.9")
    print("Java version: 21.0.1, vendor: Nobody")
"""


def test_a_project_of_maven_is_built_by_sams_builders_and_told_by_its_own_paths(
    project: Project, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "mvn").write_text(FAKE_MAVEN)
    (bin / "mvn").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin}{os.pathsep}{os.environ['PATH']}")
    manifest = project.write("pom.xml", "<project/>")
    source = project.write("src/Tea.java", "one")
    project.write("program", WORD_PROGRAM)
    project.write("json.py", "raise SystemExit('the wrong json')")
    build = Build(language="java", manager="maven", manifest=manifest)
    project.add(runtime="java21", build=build, run="./bootstrap")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == "one"
            folder = session.config.state / "build" / "Function" / "1"
            assert (folder / "lib" / "tea.jar").is_file()
            source.write_text("fine\noops\n")
            error = await stub.fail({})
            assert error["errorMessage"] == f"{source}:2:1 not a statement"
            source.write_text("two")
            assert await stub.ask({}) == "two"

    run(scenario())


def test_what_is_asked_is_what_the_builders_understand(project: Project, tmp_path: Path) -> None:
    function = project.add(runtime="provided.al2023", architecture="arm64")
    build = Build(language="go", manager="modules", manifest=Path("/p/go.mod"), debug=True)
    asked = json.loads(compilers.job(function, build, tmp_path / "a", tmp_path / "s"))["params"]
    assert asked["capability"]["dependency_manager"] == "modules"
    assert asked["mode"] == "debug"
    assert asked["architecture"] == compilers.architecture(), "it has to run on this machine"


def test_the_builders_speak_this_version() -> None:
    from aws_lambda_builders import RPC_PROTOCOL_VERSION

    assert float(RPC_PROTOCOL_VERSION) >= float(compilers.PROTOCOL)
