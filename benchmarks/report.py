"""Writes docs/performance.md with its charts, and docs/faults.md, from what others have found.

    python benchmarks/report.py

It measures nothing. Scripts that have not run are named as missing; run them,
or `make bench`, and then this again.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from support.charts import bars
from support.faults.page import page as faults_page
from support.result import RESULTS, say

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
INTRODUCTIONS = {
    "loop": (
        "The live loop",
        "Stub, broker, relay and Python worker, sealed and over TLS, on one machine; "
        "only Lambda's own Runtime API is left out. The floor is a two-hop echo by plain sockets "
        "on the same broker, in turns with it.",
    ),
    "coldstart": (
        "Cold start of the stub",
        "The published layer, unpacked and started by its own wrapper, until its subscription is "
        "acknowledged. It runs on a local CPython, not in a Lambda microVM: the ratios carry over.",
    ),
    "cli": (
        "Starting the command",
        "The floor is `python -c pass` of the same interpreter. The session has nothing to "
        "deploy: the stage is up on an offline cloud.",
    ),
    "deploy": (
        "Deploying a stage",
        "On the offline cloud, whose CloudFormation takes milliseconds where AWS takes seconds: "
        "what is left is samlive's own part.",
    ),
    "watch": (
        "Saves noticed",
        "A head start only: before each call the files that a worker has loaded are compared "
        "with the disk, so an event that comes late costs time and never a stale answer.",
    ),
    "transform": (
        "The transform",
        "The floor is PyYAML's C loader over the same text, constructors for the short tags "
        "included.",
    ),
    "scale": (
        "More functions, more environments",
        "One relay; the remote ends are complete protocol ends that share one connection.",
    ),
    "peers": (
        "Beside other tools",
        "Each with its own command line and the same two echo functions on one emulated cloud, "
        "in one run. Loopback leaves out the network, for all of them alike.",
    ),
}
STATES = {True: "reached", False: "**not reached**", None: "not measured"}
HEAD = """\
# Performance

What samlive costs, measured against floors that were taken in the same run.
`benchmarks/report.py` writes this page from what the other scripts there have found.
`make bench` runs them all.

## How it is measured

- A figure is the median of {runs} runs, each of which gives a median itself.
  The range of the runs stands in brackets. No p99 and no maximum is held against anything.
- Milliseconds do not carry over to another machine, ratios mostly do.
  So a floor is measured in turns with each subject: a raw echo, a bare interpreter, and so on.
- Every save writes a new value, and the answer must hold it; older ones are counted as stale.
- A run has its own folder, broker and processes.
  It looks for leftovers of earlier runs first, and asserts that it leaves none.
"""
CAVEATS = """\
## What to keep in mind

- Nothing here has reached AWS: the broker is a small one on loopback, or the offline cloud's.
  AWS IoT's own delays come on top.
  The row with a round trip of 30 ms uses real kernel TCP between two network namespaces.
- The machine is small, virtual and not quiet.
  A live call has more hops between processes than the raw echo it is compared with.
  Each hop waits for a free core, so on a busy machine the ratio on loopback grows with the load.
- A call on loopback costs 1.1 ms of processor time: 0.4 ms in the relay, 0.3 in the broker, as
  for the echo, 0.25 in the stub, 0.1 in the worker. Two fifths of the relay's are spent while the
  function runs and after the answer has left. What the caller waits for is six wake-ups one after
  the other (the echo has four) of up to 35 µs each, and some 8,000 bytecodes. A process that was
  just woken takes three to five times as long for one as it does in a loop, and 25 µs to seal or
  open 2.4 KB. A faster event loop (uvloop) makes no difference, and spinning would only help
  handlers faster than 0.1 ms. A network hides all of it: at 30 ms it is 0.9 ms beside 31.
- Calls at once are bound by the processor: at 64 both cores are full, which the raw echo, three
  processes that wait for each other, never manages.
  Of what a call then costs, the relay's one Python thread and the function's 64 processes take a
  good third each, the remote ends a fifth, the broker a tenth.
  A process that is called alone needs a quarter of what it needs among 64: by its next turn, what
  it works with has left the processor's cache. So half of the raw rate, which would leave 0.25 ms
  for sealing, opening, order, function and two sealed ways, is not reached on two cores.
- A large answer goes through the developer's line, and then its transfer is what takes the time:
  that is the row with 100 Mbit/s. On loopback S3 takes 30 ms for 6 MB, and what comes on top is
  as much again: the function writes its JSON (20 ms), it crosses to the relay (10 ms), is sealed
  and opened (5 to 10 ms each).
- Memory is what a process has written and shares with nobody (Private_Dirty).
- macOS and Windows were not measured.
"""


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    faults = options.results / "faults.json"
    if faults.exists():
        text = faults_page(json.loads(faults.read_text()))
        options.page.with_name("faults.md").write_text(text)
    found = {}
    for name in INTRODUCTIONS:
        path = options.results / f"{name}.json"
        if path.exists():
            found[name] = json.loads(path.read_text())
        else:
            say(f"{name} has not been measured: python benchmarks/{name}.py")
    if not found:
        raise SystemExit("There are no results to report.")
    options.page.write_text(page(found, options.page.parent))
    say(f"written: {options.page.name}")


def page(found: dict[str, dict[str, Any]], folder: Path) -> str:
    """Return the page's text and write its charts.

    Args:
        found: Results by script.
        folder: Where the page will stand.
    """
    runs = max(result["arguments"].get("runs", 1) for result in found.values())
    parts = [HEAD.format(runs=runs), _machine(found), _goals(found)]
    for name, (title, text) in INTRODUCTIONS.items():
        if name not in found:
            parts.append(f"## {title}\n\n{text}\n\nNot measured yet (`benchmarks/{name}.py`).\n")
            continue
        result = found[name]
        section = [f"## {title}\n", f"{text}\n"]
        for number, chart in enumerate(result["figures"].get("charts", ())):
            file = f"performance-{name}-{number + 1}.svg"
            (folder / file).write_text(bars(chart["title"], chart["unit"], chart["bars"]))
            section.append(f"![{chart['title']}]({file})\n")
        section += [_table(table) for table in result["tables"]]
        section += [f"- Skipped: {each['what']}: {each['why']}" for each in result["skipped"]]
        if result["skipped"]:
            section.append("")
        parts.append("\n".join(section))
    return "\n".join([*parts, CAVEATS])


def _machine(found: dict[str, dict[str, Any]]) -> str:
    latest = max(found.values(), key=lambda result: str(result["taken"]))
    machine, versions = latest["machine"], dict[str, str]()
    for result in found.values():
        versions |= result["versions"]
    raised = {result["machine"].get("priority", "") for result in found.values()} - {""}
    first = (
        f"Other work ran beside it; the benchmarks had {' and '.join(sorted(raised))} priority.\n"
    )
    load = [value for result in found.values() for value in result["load"]]
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        "## Machine and versions\n\n"
        f"{machine['cores']} cores ({machine['cpu']}), {machine['memory']}, {machine['system']}, "
        f"{latest['taken'][:10]}.\n"
        f"Load average while measuring: {min(load):.1f} to {max(load):.1f}.\n"
        f"{first if raised else ''}"
        f"{listed}.\n"
    )


def _goals(found: dict[str, dict[str, Any]]) -> str:
    lines = [
        "## Goals\n",
        "| what | goal | measured | |",
        "|---|---|---|---|",
    ]
    for result in found.values():
        for goal in result["goals"]:
            state = STATES[goal["met"]]
            lines.append(f"| {goal['what']} | {goal['wanted']} | {goal['got']} | {state} |")
    return "\n".join([*lines, ""])


def _table(table: dict[str, Any]) -> str:
    def row(cells: list[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    columns = list(table["columns"])
    lines = [f"### {table['title']}\n", row(columns), "|---" * len(columns) + "|"]
    lines += [row(cells) for cells in table["rows"]]
    notes = [f"- {note}" for note in table["notes"]]
    return "\n".join([*lines, *([""] if notes else []), *notes, ""])


if __name__ == "__main__":
    main()
