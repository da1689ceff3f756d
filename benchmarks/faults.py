"""What breaks, and what holds: the fault-injection suite on the offline cloud, as a table.

    python benchmarks/faults.py [--cases packets,breakdowns] [--whole 1]

Each case runs the tests that cause its faults: a real session, the layer's own
stubs, a broker with AWS IoT's quotas. `--whole 1` takes the slow tests along:
10,000 calls, 1,000,000 forged packets, every size of every kind, freezes in real
time, a day of reconnects; that takes half an hour. Cases that are not run keep what
they have shown before.
"""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from support.faults.cases import CASES
from support.faults.suite import Check, run
from support.processes import step
from support.result import Result, Table, arguments

CERTAIN = "seconds_from_certainty"
"""What a test records: how long the answer took once it was certain what it would be."""


def main() -> None:
    """Run the cases and hold their figures against the goals."""
    options = arguments(__doc__, {"cases": tuple(CASES)}, whole=0)
    result = Result("faults", {"whole": options.whole})
    found = _before(options.results / "faults.json", options.whole)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.cases:
            with step(name):
                tests, report = CASES[name].tests, Path(folder, f"{name}.xml")
                found[name] = run(tests, report, bool(options.whole))
    table = result.table(
        "What breaks, and what holds", "case", "must hold", "held", "figures", "seconds"
    )
    for name, case in CASES.items():
        if name in found:
            _add(table, case.title, case.holds, found[name])
    everything = [check for checks in found.values() for check in checks]
    _goals(result, everything)
    result.figures["cases"] = {
        name: [asdict(check) for check in checks] for name, checks in found.items()
    }
    result.finish(options.results)
    failed = [check.name for name in options.cases for check in found[name] if check.failed]
    if failed:
        raise SystemExit("Failed: " + ", ".join(failed))


def _before(file: Path, whole: int) -> dict[str, list[Check]]:
    """Return what the cases have shown that ran before, in the same tier."""
    if not file.exists():
        return {}
    written = json.loads(file.read_text())
    if written["arguments"].get("whole") != whole:
        return {}
    cases = written["figures"].get("cases", {})
    return {name: [Check(**check) for check in checks] for name, checks in cases.items()}


def _add(table: Table, title: str, holds: str, checks: list[Check]) -> None:
    ran = [check for check in checks if check.state != "skipped"]
    held = sum(check.state == "held" for check in ran)
    seconds = sum(check.seconds for check in checks)
    table.add(title, holds, f"{held} of {len(ran)}", _figures(ran), f"{seconds:.0f}")


def _figures(checks: list[Check]) -> str:
    """Return what the largest of the tests has recorded."""
    said: dict[str, str] = {}
    for check in checks:
        said |= {name: text for name, text in check.figures.items() if name != CERTAIN}
    shown_ones = [f"{name} {text}" for name, text in said.items()]
    if waits := _waits(checks):
        shown_ones.append(f"slowest answer after certainty {max(waits):.2f} s")
    return ", ".join(shown_ones)


def _waits(checks: list[Check]) -> list[float]:
    return [float(check.figures[CERTAIN]) for check in checks if CERTAIN in check.figures]


def _goals(result: Result, checks: list[Check]) -> None:
    """Hold what was recorded against the goals; what did not run is left out."""
    sums = {
        name: [float(check.figures[name]) for check in checks if name in check.figures]
        for name in ("calls", "right", "runs", "relay KiB growth", "stub KiB growth")
    }
    if sums["calls"]:
        wrong = sum(sums["calls"]) - sum(sums["right"])
        twice = sum(sums["runs"]) - sum(sums["calls"])
        result.goal(f"wrong or lost answers of {sum(sums['calls']):,.0f}", 0.0, wrong, "")
        result.goal("handlers run twice, or not at all", 0.0, abs(twice), "")
    if waits := _waits(checks):
        result.goal("answer once it is certain", 1.0, max(waits), " s", note="the slowest case")
    for end in ("relay", "stub"):
        if grown := sums[f"{end} KiB growth"]:
            reached = max(0.0, max(grown)) / 1024
            result.goal(f"growth of the {end} over a day", 1.5, reached, " MiB")


if __name__ == "__main__":
    main()
