"""Each benchmark runs through with tiny counts, and what it writes can be reported."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = [
    pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="the benchmarks are not in the sdist"),
    pytest.mark.skipif(sys.platform != "linux", reason="they count by /proc"),
]


def run(script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    environment = {**os.environ, "SAMLIVE_BENCHMARK_NO_INSTALL": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=110, env=environment)


def measured(folder: Path, script: str, *arguments: str) -> dict[str, Any]:
    """Run a script with one run and return the JSON that it wrote."""
    done = run(script, "--runs", "1", "--results", str(folder), *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    written: dict[str, Any] = json.loads((folder / script.replace(".py", ".json")).read_text())
    for table in written["tables"]:
        assert table["title"] in done.stdout
        assert table["rows"], table["title"]
    return written


def test_a_process_of_an_earlier_run_is_refused(tmp_path: Path) -> None:
    waiting = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={"SAMLIVE_BENCHMARK": "1"}
    )
    try:
        done = run("coldstart.py", "--runs", "1", "--results", str(tmp_path))
    finally:
        assert waiting.stdin is not None
        waiting.stdin.close()
        waiting.wait(5)
    assert done.returncode == 1
    assert f"process {waiting.pid}" in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    done = run("loop.py", "--parts", "invoke,dance", "--results", str(tmp_path))
    assert done.returncode == 2
    assert "unknown: dance" in done.stderr


def test_a_report_of_nothing_is_refused(tmp_path: Path) -> None:
    done = run("report.py", "--results", str(tmp_path), "--page", str(tmp_path / "page.md"))
    assert done.returncode == 1
    assert not list(tmp_path.iterdir())


def test_the_cold_start_and_its_report(tmp_path: Path) -> None:
    written = measured(tmp_path, "coldstart.py", "--starts", "2")
    assert [goal["what"] for goal in written["goals"]][-1] == "size of the layer"
    page = tmp_path / "page.md"
    done = run("report.py", "--results", str(tmp_path), "--page", str(page))
    assert done.returncode == 0, done.stderr
    text = page.read_text()
    for goal in written["goals"]:
        assert f"| {goal['what']} | {goal['wanted']} | {goal['got']} |" in text
    assert str(tmp_path) not in text


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    measured(tmp_path, "cli.py", "--starts", "2", "--sessions", "1")


@pytest.mark.slow
def test_deploys(tmp_path: Path) -> None:
    written = measured(tmp_path, "deploy.py", "--functions", "2", "--peers", "0")
    assert len(written["tables"]) == 2


@pytest.mark.slow
def test_invoke_and_calls_per_second(tmp_path: Path) -> None:
    written = measured(
        tmp_path,
        *("loop.py", "--parts", "invoke,load"),
        *("--calls", "8", "--distant", "4", "--load", "64"),
    )
    invoke, load = written["tables"]
    assert len(load["rows"]) == 3
    assert len(invoke["rows"]) == 3 - len(written["skipped"])


@pytest.mark.slow
def test_saves_and_stale_answers(tmp_path: Path) -> None:
    written = measured(tmp_path, "loop.py", "--parts", "saves", "--saves", "1", "--stale", "5")
    (table,) = written["tables"]
    assert {row[-1] for row in table["rows"]} == {"0"}
    assert table["notes"][0].endswith(": 0 stale answers")


@pytest.mark.slow
def test_tools_side_by_side(tmp_path: Path) -> None:
    written = measured(tmp_path, "peers.py", "--tools", "live", "--calls", "2", "--saves", "1")
    (table,) = written["tables"]
    assert {row[0].split(",")[0] for row in table["rows"]} >= {"samlive dev"}
    assert {row[-1] for row in table["rows"]} == {"0 of 2"}


def test_payloads(tmp_path: Path) -> None:
    written = measured(tmp_path, "loop.py", "--parts", "payloads", "--largest", "60000")
    assert written["tables"][0]["notes"] == ["wrong or lost: 0"]


@pytest.mark.slow
def test_large_payloads_over_a_line(tmp_path: Path) -> None:
    written = measured(tmp_path, "loop.py", "--parts", "line", "--largest", "1048576")
    rows = [row[0] for table in written["tables"] for row in table["rows"]]
    assert rows == ([] if written["skipped"] else ["1 MB answer", "1 MB request"])


@pytest.mark.slow
def test_saves_noticed(tmp_path: Path) -> None:
    written = measured(tmp_path, "watch.py", "--saves", "1", "--files", "100")
    assert [row[-1] for row in written["tables"][0]["rows"]] == ["0"] * 5


@pytest.mark.slow
def test_scale(tmp_path: Path) -> None:
    written = measured(tmp_path, "scale.py", "--functions", "1", "--environments", "10")
    assert [len(table["rows"]) for table in written["tables"]] == [1, 1]


def test_faults(tmp_path: Path) -> None:
    written = measured(tmp_path, "faults.py", "--cases", "forgery")
    (row,) = written["tables"][0]["rows"]
    held, _, ran = row[2].split()
    assert held == ran != "0"
    assert "inputs 20000" in row[3]
