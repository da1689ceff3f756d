"""Runs the tests of a case in a process of their own, and reads what they found."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Check:
    """One test that ran.

    Args:
        name: Its name, parameters included.
        state: "held", "FAILED" or "skipped".
        seconds: How long it took.
        figures: What it has recorded.
    """

    name: str
    state: str
    seconds: float
    figures: dict[str, str]

    @property
    def failed(self) -> bool:
        """Whether something did not hold."""
        return self.state == "FAILED"


def run(tests: tuple[str, ...], report: Path, whole: bool) -> list[Check]:
    """Run files of tests, one after another on the quiet machine.

    Args:
        tests: The files, relative to the checkout.
        report: File to write pytest's own report to.
        whole: Whether the slow tests run, too.
    """
    command = [sys.executable, "-m", "pytest", *tests, "-q", "-n", "0", "-p", "no:cacheprovider"]
    command += ["-o", "junit_family=xunit1", f"--junitxml={report}"]
    command += [] if whole else ["-m", "not slow"]
    environment = {name: text for name, text in os.environ.items() if name != "SAMLIVE_BENCHMARK"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"pytest could not run {' '.join(tests)}:\n{done.stdout[-3000:]}")
    return list(_read(report))


def _read(report: Path) -> Iterator[Check]:
    for found in ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag for child in found}
        state = "FAILED" if kinds & {"failure", "error"} else "held"
        yield Check(
            name=found.get("name", ""),
            state="skipped" if "skipped" in kinds else state,
            seconds=float(found.get("time", 0)),
            figures={
                str(entry.get("name")): str(entry.get("value")) for entry in found.iter("property")
            },
        )
