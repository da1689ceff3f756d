"""A template's LoggingConfig: handlers here log as they do in Lambda."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from live_session import Way, clean_environment, running

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    CodeUri: src/
    Handler: app.handler
    LoggingConfig:
      LogFormat: JSON
      ApplicationLogLevel: WARN
Resources:
  Python:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
  Node:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
"""
PYTHON = """\
import logging

def handler(event, context):
    logging.info("hidden")
    logging.warning("shown", extra={"order": 7})
"""
NODE = "exports.handler = async () => { console.info('hidden'); console.warn('shown'); };\n"


def test_json_and_its_level_hold_in_a_session(cloud: dict[str, str], tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / "src" / "app.py").write_text(PYTHON)
    (project / "src" / "app.js").write_text(NODE)
    (project / "template.yaml").write_text(TEMPLATE)
    functions = ["Python"] + ["Node"] * (shutil.which("node") is not None)
    way = Way("environment", ("--stage", "logging"), clean_environment() | cloud)
    with running(way, project / "template.yaml") as session:
        for name in functions:
            assert session.invoke(name, {}) == (None, None)
            said = session.live.seen_or_expect("log", of(name))
            record = json.loads(said["text"])
            assert (record["level"][:4], record["message"]) == ("WARN", "shown")
            assert record["requestId"] == said["request_id"]
        assert not [event for event in session.live.events if "hidden" in str(event)]


def of(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: bool(event["function"] == name)


def test_a_single_call_logs_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from samlive import cli

    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(PYTHON)
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["invoke", "Python"]) == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "shown" in line]
    assert json.loads(line)["order"] == 7
