"""Debugging: ports that stay, launch configurations beside the user's, and a real attach."""

import asyncio
import concurrent.futures
import json
import xml.etree.ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from debugger_clients import Debugpy, debugging
from live_session import Live, Ready, clean_environment, fetch
from samlive import cli, debug_ports
from samlive.errors import SamliveError
from samlive.state import Project
from samlive_relay.config import Build, LocalFunction

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {CodeUri: src/, Handler: app.handler}}
Resources:
  Api: {Type: AWS::Serverless::HttpApi}
  Paint:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Events: {Any: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /, Method: GET}}}
  Draw: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs20.x}}
  Ruby: {Type: AWS::Serverless::Function, Properties: {Runtime: ruby3.3}}
"""
CODE = "def handler(event, context):\n    local = event['rawPath'] * 2\n    return local\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(CODE)
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def function(name: str, runtime: str = "python3.12") -> LocalFunction:
    return LocalFunction(name, runtime, "app.handler", Path("src"))


class TestPorts:
    @pytest.mark.parametrize(
        ("pattern", "message", "hint"),
        [
            ("Pain", "no live function Pain", "Did you mean Paint?"),
            ("zzz", "no live function zzz", "Live are: Paint, Ruby."),
            ("Ruby", "no debugger here", "Python, Node.js and Java"),
        ],
    )
    def test_what_cannot_be_debugged_is_told(
        self, tmp_path: Path, pattern: str, message: str, hint: str
    ) -> None:
        functions = {"Paint": function("Paint"), "Ruby": function("Ruby", "ruby3.3")}
        with pytest.raises(SamliveError, match=message) as told:
            debug_ports.assign(functions, (pattern,), Project(tmp_path))
        assert hint in told.value.hint
        after = debug_ports.assign(functions, (pattern,), Project(tmp_path), strict=False)
        assert after == functions, "an edit may take a function away"

    def test_go_needs_delve_and_is_built_for_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        build = Build(language="go", manager="modules")
        functions = {"Go": replace(function("Go", "provided.al2023"), build=build)}
        monkeypatch.setattr("shutil.which", lambda _: None)
        with pytest.raises(SamliveError, match="no debugger here") as told:
            debug_ports.assign(functions, ("Go",), Project(tmp_path))
        assert "delve (dlv) on the PATH" in told.value.hint
        monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
        given = debug_ports.assign(functions, ("Go",), Project(tmp_path))["Go"]
        assert given.debug_port is not None
        assert given.build is not None and given.build.debug

    def test_a_pattern_takes_those_that_can_be(self, tmp_path: Path) -> None:
        functions = {"Paint": function("Paint"), "Ruby": function("Ruby", "ruby3.3")}
        given = debug_ports.assign(functions, ("*",), Project(tmp_path))
        assert given["Paint"].debug_port is not None
        assert given["Ruby"].debug_port is None

    def test_nothing_is_written_when_nothing_is_debugged(self, tmp_path: Path) -> None:
        functions = {"Paint": function("Paint")}
        assert debug_ports.assign(functions, (), Project(tmp_path)) == functions
        assert not (tmp_path / ".samlive").exists()

    def test_they_stay_when_functions_come_and_go(self, tmp_path: Path) -> None:
        project = Project(tmp_path)
        first = debug_ports.ports(project, ["B", "A"])
        assert debug_ports.ports(project, ["A"]) == {"A": first["A"]}
        later = debug_ports.ports(project, ["C", "A", "B"])
        assert {name: later[name] for name in "AB"} == first
        assert len(set(later.values())) == 3
        assert all(1024 < port < 32_768 for port in later.values())

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"A": "x"}'])
    def test_a_broken_note_is_made_anew(self, tmp_path: Path, text: str) -> None:
        project = Project(tmp_path)
        project.make()
        (project.root / "debug-ports.json").write_text(text)
        assert isinstance(debug_ports.ports(project, ["A"])["A"], int)


class TestInit:
    def configurations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(Path(".vscode/launch.json").read_text())[
            "configurations"
        ]
        return found

    @pytest.mark.parametrize("text", ["{broken", "[]", '{"configurations": 3}', "{}"])
    def test_a_file_that_is_something_else_is_left_as_it_is(
        self, project: Path, capsys: pytest.CaptureFixture[str], text: str
    ) -> None:
        path = project / ".vscode/launch.json"
        path.parent.mkdir()
        path.write_text(text)
        assert cli.main(["init", "vscode"]) == 2
        assert path.read_text() == text
        said = capsys.readouterr().err
        assert "left as it is" in said and '"name": "samlive: Paint"' in said

    def test_comments_of_the_users_stay(self, project: Path) -> None:
        path = project / ".vscode/launch.json"
        path.parent.mkdir()
        path.write_text('{\r\n  // mine\r\n  "configurations": [],\r\n}\r\n', newline="")
        assert cli.main(["init", "vscode"]) == 0
        made = path.read_bytes().decode()
        assert made.startswith('{\r\n  // mine\r\n  "configurations": [\r\n    {\r\n')
        assert made.endswith("\r\n    }\r\n  ],\r\n}\r\n")
        assert '"samlive: Paint"' in made and '"samlive: Draw"' in made

    def test_a_template_without_such_functions_is_told(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (project / "template.yaml").write_text(
            TEMPLATE.replace("python3.11", "ruby3.3").replace("nodejs20.x", "ruby3.3")
        )
        assert cli.main(["init", "vscode"]) == 2
        assert "no function that a debugger can attach to" in capsys.readouterr().err
        assert not (project / ".vscode").exists()

    def test_the_ports_are_those_of_the_session(self, project: Path) -> None:
        assert cli.main(["init", "vscode"]) == 0
        ports = debug_ports.ports(Project(project), ["Paint", "Draw"])
        paint, draw = self.configurations()
        assert (paint["name"], paint["type"]) == ("samlive: Paint", "debugpy")
        assert paint["connect"] == {"host": "127.0.0.1", "port": ports["Paint"]}
        assert (draw["type"], draw["port"], draw["restart"]) == ("node", ports["Draw"], True)

    def test_the_users_own_stay_and_nothing_comes_twice(self, project: Path) -> None:
        path = project / ".vscode/launch.json"
        path.parent.mkdir()
        mine = {"name": "samlive: Draw", "type": "mine"}
        path.write_text(json.dumps({"version": "9", "configurations": [mine], "x": 1}, indent="\t"))
        path.chmod(0o640)
        assert cli.main(["init", "vscode"]) == 0
        found = self.configurations()
        assert found[0] == mine
        assert [each["name"] for each in found] == ["samlive: Draw", "samlive: Paint"]
        before = path.read_bytes()
        assert b'\n\t"version": "9"' in before and b'"x": 1' in before
        assert cli.main(["init", "vscode"]) == 0
        assert path.read_bytes() == before
        assert path.stat().st_mode & 0o777 == 0o640

    @pytest.mark.parametrize("editor", ["webstorm", "intellij"])
    def test_jetbrains_editors_get_a_file_for_each_node_function(
        self, project: Path, editor: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.main(["init", editor]) == 0
        (path,) = (project / ".idea/runConfigurations").iterdir()
        (found,) = xml.etree.ElementTree.parse(path).getroot()
        assert found.get("name") == "samlive: Draw"
        assert found.get("port") == str(debug_ports.ports(Project(project), ["Draw"])["Draw"])
        assert "Paint" in capsys.readouterr().err
        path.write_text("mine")
        assert cli.main(["init", editor]) == 0
        assert path.read_text() == "mine"

    def test_java_and_go_attach_as_their_editors_do(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shutil.which", lambda name, **_: f"/bin/{name}")
        (project / "src" / "go.mod").write_text("module draw")
        text = TEMPLATE.replace("ruby3.3", "java21").replace("nodejs20.x", "provided.al2023")
        (project / "template.yaml").write_text(text)
        assert cli.main(["init", "vscode"]) == 0
        ports = debug_ports.ports(Project(project), ["Paint", "Draw", "Ruby"])
        _, go, java = self.configurations()
        assert (go["type"], go["mode"], go["port"]) == ("go", "remote", ports["Draw"])
        assert (java["type"], java["hostName"], java["port"]) == (
            "java",
            "127.0.0.1",
            ports["Ruby"],
        )
        assert cli.main(["init", "intellij"]) == 0
        folder = project / ".idea/runConfigurations"
        (found,) = xml.etree.ElementTree.parse(folder / "samlive_Ruby.xml").getroot()
        options = {each.get("name"): each.get("value") for each in found.iter("option")}
        assert (found.get("type"), options["PORT"]) == ("Remote", str(ports["Ruby"]))
        (found,) = xml.etree.ElementTree.parse(folder / "samlive_Draw.xml").getroot()
        assert found.get("port") == str(ports["Draw"])

    def test_webstorm_has_nothing_for_python(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (project / "template.yaml").write_text(TEMPLATE.replace("nodejs20.x", "python3.12"))
        assert cli.main(["init", "webstorm"]) == 2
        assert "init pycharm" in capsys.readouterr().err
        assert not (project / ".idea").exists()

    def test_pycharm_attaches_to_debugpy_and_node(self, project: Path) -> None:
        folder = project / ".idea/runConfigurations"
        folder.mkdir(parents=True)
        (folder / "samlive_Draw.xml").write_text("mine")
        assert cli.main(["init", "pycharm"]) == 0
        assert (folder / "samlive_Draw.xml").read_text() == "mine"
        (found,) = xml.etree.ElementTree.parse(folder / "samlive_Paint.xml").getroot()
        port = debug_ports.ports(Project(project), ["Paint"])["Paint"]
        options = {each.get("name"): each.get("value") for each in found.iter("option")}
        assert found.get("type") == "PythonDapAttachConfiguration"
        assert options["remoteAddress"] == f"127.0.0.1:{port}"


@pytest.mark.e2e
def test_a_breakpoint_is_hit_by_a_call_that_came_through_the_cloud(project: Path) -> None:
    words = ("--offline", "--stage", "ana", "--exclude", "Draw", "Ruby")
    debug = ("--debug-functions", "Paint")
    live = Live(project / "template.yaml", *words, *debug, environment=clean_environment())
    try:
        ready = Ready(live, live.expect("ready"), {})
        port = debug_ports.ports(Project(project), ["Paint"])["Paint"]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answer = pool.submit(fetch, ready.urls["Api"].rstrip("/") + "/")
            live.expect("log", where=lambda event: f"127.0.0.1:{port}" in event["text"])
            assert asyncio.run(_value_at_breakpoint(project / "src" / "app.py", port)) == "'//'"
            assert answer.result(60) == (200, b"//")
    finally:
        live.stop()


async def _value_at_breakpoint(file: Path, port: int) -> str:
    async with debugging(Debugpy(), port) as debugger:
        await debugger.attach(str(file), 3)
        return await debugger.variable("local", 0)
