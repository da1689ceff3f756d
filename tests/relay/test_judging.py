"""What a call shows besides its answer: missing packages, memory, what is not run here."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from relay_session import Project, Run
from samlive_relay.config import LocalFunction
from samlive_relay.events import Warned
from samlive_relay.workers import hints

PYTHON = "Unable to import module 'app': No module named '{}'"


def hint(folder: Path, message: str, interpreter: str = "/p/bin/python", **fields: str) -> str:
    code = folder / "src"
    code.mkdir(exist_ok=True)
    function = LocalFunction("F", "python3.11" if interpreter else "nodejs20.x", "a.b", code)
    kind = fields.get("kind", "Runtime.ImportModuleError")
    return hints.for_error(function, kind, message, folder, interpreter)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("No module named 'orders'", "ValueError"),
        ("cannot import name 'x' from 'requests'", "Runtime.ImportModuleError"),
        ("No module named 'own'", "Runtime.ImportModuleError"),
        ("No module named 'own.part'", "Runtime.ImportModuleError"),
        ("No module named 'shared'", "Runtime.ImportModuleError"),
    ],
)
def test_nothing_is_said_of_other_errors_and_own_modules(
    tmp_path: Path, message: str, kind: str
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "own.py").touch()
    (tmp_path / "shared").mkdir()
    assert hint(tmp_path, message, kind=kind) == ""


@pytest.mark.parametrize("name", ["./lost", "../lost", "/abs/lost", "file:///x"])
def test_nothing_is_said_of_files_that_are_not_there(tmp_path: Path, name: str) -> None:
    assert hint(tmp_path, f"Error: Cannot find module '{name}'", "") == ""


PYTHON_PROJECTS = {
    "": "/p/bin/python -m pip install requests",
    "uv.lock": "uv add requests",
    "poetry.lock": "poetry add requests",
    "Pipfile": "pipenv install requests",
    "requirements.txt": "/p/bin/python -m pip install -r {}/requirements.txt",
    "src/requirements.txt": "/p/bin/python -m pip install -r {}/src/requirements.txt",
}


@pytest.mark.parametrize("file", PYTHON_PROJECTS)
def test_the_command_is_that_of_the_project(tmp_path: Path, file: str) -> None:
    (tmp_path / "src").mkdir()
    if file:
        (tmp_path / file).touch()
    found = hint(tmp_path, PYTHON.format("requests.adapters"))
    assert found.endswith(PYTHON_PROJECTS[file].format(tmp_path))
    assert "(/p/bin/python) has no module requests." in found


def test_packages_that_are_called_otherwise_are_named(tmp_path: Path) -> None:
    assert hint(tmp_path, PYTHON.format("yaml")).endswith("install PyYAML")


def test_nobody_is_told_to_install_into_samlives_own_environment(tmp_path: Path) -> None:
    found = hint(tmp_path, PYTHON.format("requests"), sys.executable)
    assert found.endswith(
        f"python3.11 -m venv {tmp_path}/.venv && {tmp_path}/.venv/bin/pip install requests"
    )


NODE_PROJECTS = {
    "": "npm install @aws-sdk/client-s3",
    "pnpm-lock.yaml": "pnpm add @aws-sdk/client-s3",
    "yarn.lock": "yarn add @aws-sdk/client-s3",
    "declared": "npm install",
}


@pytest.mark.parametrize("case", NODE_PROJECTS)
def test_packages_of_node_are_installed_where_package_json_is(tmp_path: Path, case: str) -> None:
    (tmp_path / "src").mkdir()
    declared = {"dependencies": {"@aws-sdk/client-s3": "^3"}} if case == "declared" else {}
    (tmp_path / "src" / "package.json").write_text(json.dumps(declared))
    if case not in ("", "declared"):
        (tmp_path / case).touch()
    found = hint(tmp_path, "Cannot find package '@aws-sdk/client-s3/x' imported from /a", "")
    assert found.endswith(f"cd {tmp_path}/src && {NODE_PROJECTS[case]}")


def test_a_missing_package_is_told_once(project: Project, run: Run) -> None:
    project.write("app.py", "import nowhere_at_all\n")
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            for _ in range(3):
                await stub.fail({})
            await session.until(lambda: session.seen(Warned))
            await stub.fail({})
            (said,) = session.seen(Warned)
            assert said.function == "Function"
            assert "has no module nowhere_at_all" in said.text

    run(scenario())


HUNGRY = """\
held = []


def handler(event, context):
    held.append(bytearray(b"x") * (event["mb"] * 1024 * 1024))
"""


@pytest.mark.parametrize("start", ["spawn", "zygote"])
def test_memory_that_lambda_does_not_have_is_told_once(
    project: Project, run: Run, start: str
) -> None:
    project.start = start
    project.write("app.py", HUNGRY)
    project.add(memory=128)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            await stub.ask({"mb": 10})
            await stub.ask({"mb": 150})
            await session.until(lambda: session.seen(Warned))
            await stub.ask({"mb": 60})
            (said,) = session.seen(Warned)
            assert "MemorySize of 128" in said.text
            assert int(said.text.split()[1]) in range(150, 250)

    run(scenario())


def test_extensions_and_wrappers_are_named_once(project: Project, run: Run) -> None:
    layer = project.folder / "layer"
    (layer / "extensions").mkdir(parents=True)
    (layer / "extensions" / "agent").touch()
    project.write("app.py", "def handler(event, context):\n    return 1\n")
    project.add(layers=(layer,))

    async def scenario() -> None:
        async with project.session() as session:
            for stub in (
                session.stub(SAMLIVE_ENV_AWS_LAMBDA_EXEC_WRAPPER="/opt/otel-handler"),
                session.stub(),
            ):
                await stub.ask({})
            assert [said.text for said in session.seen(Warned)] == [
                "extensions in its layers are not run here: agent.",
                "the wrapper script /opt/otel-handler (AWS_LAMBDA_EXEC_WRAPPER) is not run here.",
            ]

    run(scenario())


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on the PATH")
def test_a_missing_package_of_node_is_told(project: Project, run: Run) -> None:
    project.write("app.mjs", "import 'nowhere-at-all';\nexport const handler = async () => 1;\n")
    project.add(runtime="nodejs20.x")

    async def scenario() -> None:
        async with project.session() as session:
            await session.stub().fail({})
            await session.until(lambda: session.seen(Warned))
            assert any("nowhere-at-all" in said.text for said in session.seen(Warned))

    run(scenario())
