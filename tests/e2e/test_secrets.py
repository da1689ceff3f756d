"""Nothing secret is left where others, or those who look over a shoulder, can read it.

Everything that a live session says and writes, and every command line of the machine, is searched
for the very values that must not be there.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import process_tree
from live_session import Ready

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
EVENT = "the-value-that-only-the-event-holds"
OURS = (".samlive", "samlive-")
"""How the folders begin that samlive makes."""
OPEN = 0o077
"""Bits that let others in."""


@pytest.fixture(scope="module")
def secrets(lab: Ready) -> Mapping[str, str]:
    """Everything that must stay where it is, by name; used once each in calls of two runtimes."""
    found = {"an event": EVENT, "the developer's key": lab.aws["AWS_SECRET_ACCESS_KEY"]}
    for function in ("PythonLab", "NodeLab"):
        answer, error = lab.invoke(function, {"action": "echo", "value": EVENT})
        assert error is None and EVENT in json.dumps(answer)
    role, error = lab.invoke("PythonLab", {"action": "environment", "names": KEYS})
    assert error is None
    found |= {f"the role's {name}": role[name] for name in KEYS[1:] if role[name]}
    (key,) = (path for path in (lab.live.project / ".samlive").rglob("key"))
    found["the stage's key"] = key.read_text().strip()
    assert len(found) >= 4 and all(len(value) >= 8 for value in found.values()), found.keys()
    return found


def _named(text: str, secrets: Mapping[str, str]) -> list[str]:
    return [name for name, value in secrets.items() if value in text]


def _files(session: Ready) -> Iterator[Path]:
    """Yield every file that the session has written: beside the template, and temporary ones."""
    folders = [session.live.project / ".samlive", *Path(tempfile.gettempdir()).glob("samlive-*")]
    for folder in folders:
        for place, _, names in os.walk(folder):
            yield from (Path(place, name) for name in names)


def _closed(path: Path) -> bool:
    """Tell whether a file, or a folder of samlive's on the way to it, keeps others out."""
    ours = [each for each in path.parents if any(p.startswith(OURS) for p in each.parts)]
    return any(each.stat().st_mode & OPEN == 0 for each in (path, *ours))


def test_nothing_secret_is_said(lab: Ready, secrets: Mapping[str, str]) -> None:
    lab.live.skip()
    said = json.dumps(lab.live.events) + lab.live.stderr
    assert "PythonLab" in said
    assert _named(said, secrets) == []


def test_nothing_secret_is_logged_or_recorded(lab: Ready, secrets: Mapping[str, str]) -> None:
    logs = [path for path in _files(lab) if path.suffix in (".log", ".json", ".jsonl", ".txt")]
    assert logs
    held = {}
    for path in logs:
        try:
            text = path.read_text(errors="replace")
        except OSError:
            continue  # of another session, which has just ended
        if found := _named(text, secrets):
            held[str(path)] = found
    assert held == {}


def test_what_holds_a_secret_is_closed_to_others(lab: Ready, secrets: Mapping[str, str]) -> None:
    holders = []
    for path in _files(lab):
        try:
            if path.is_file() and _named(path.read_text(errors="replace"), secrets):
                holders.append(path)
                assert _closed(path), path
        except FileNotFoundError:
            continue
    assert any(path.name == "key" for path in holders), "the search finds what is there"


@pytest.mark.skipif(not process_tree.AVAILABLE, reason="reads /proc")
def test_nothing_secret_is_on_a_command_line(lab: Ready, secrets: Mapping[str, str]) -> None:
    lines = {" ".join(process_tree.command(pid)) for pid in process_tree.pids()}
    assert any("run_handler" in line or "run_zygote" in line for line in lines)
    assert {line for line in lines if _named(line, secrets)} == set()
