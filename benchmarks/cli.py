"""The command's start: `samlive --help`, and `samlive dev` with nothing to deploy.

    python benchmarks/cli.py [--runs 3] [--starts 10] [--sessions 4]

The floor is `python -c pass` of the same interpreter, in turns. The session
runs against an offline cloud that is up already and has the stage deployed: the
command connects and subscribes from what the session before wrote down, reads the
template, asks the account, finds nothing to change, and serves. No clock says as
much as the list of modules, so those are counted too.
"""

import json
import subprocess
import sys
from pathlib import Path

from support.processes import Bench, refuse_leftovers, run, step
from support.result import Result, arguments, shown
from support.session import Session, project
from support.stats import Collector

from samlive import offline

HEAVY = ("boto3", "awscrt", "ruamel", "cfnlint", "jinja2", "watchdog", "asyncio", "rich", "yaml")
SOURCE = "def handler(event, context):\n    return event\n"
COUNT = """
import contextlib, io, json, sys
from samlive.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main(["--help"])
print(json.dumps(sorted(sys.modules)))
"""


def main() -> None:
    """Measure both starts and hold them against their goals."""
    options = arguments(__doc__, starts=10, sessions=4)
    refuse_leftovers()
    result = Result("cli", shown(options))
    found = Collector()
    for number in range(options.runs):
        with step(f"samlive --help, run {number + 1}"), Bench():
            found.begin()
            _help(found, options.starts)
        with step(f"samlive dev, run {number + 1}"), Bench() as bench:
            _dev(bench, found, options.sessions)
    _report(result, found)
    result.finish(options.results)


def command() -> list[str]:
    """Return how a user starts samlive: the installed command, else the module."""
    installed = Path(sys.executable).with_name("samlive")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "samlive"]


def _help(found: Collector, starts: int) -> None:
    for number in range(-2, starts):
        spent = {
            "pass": run([sys.executable, "-c", "pass"]),
            "help": run([*command(), "--help"]),
        }
        if number >= 0:
            for name, cost in spent.items():
                found.add(name, cost.wall)


def _dev(bench: Bench, found: Collector, sessions: int) -> None:
    template = project(bench.folder / "project", SOURCE)
    with offline.start(bench.folder / "cloud") as cloud:
        variables = {**cloud.environment, "SAMLIVE_STAGE": "bench"}
        for number in range(-1, sessions):
            floor = run([sys.executable, "-c", "pass"]).wall
            session = Session(template, variables, "--stage", "bench")
            connected = session.expect("connection")[0]
            ready = session.expect("ready")[0]
            session.stop()
            if number >= 0:
                found.add("pass beside dev", floor)
                found.add("connected", connected)
                found.add("ready", ready)
            else:
                found.add("first deploy", ready)


def _report(result: Result, found: Collector) -> None:
    table = result.table("Starting the command", "start", "wall, ms", "over python -c pass")
    floor, beside = found.series("pass"), found.series("pass beside dev")
    help_ = found.series("help")
    connected, ready = found.series("connected"), found.series("ready")
    table.add("python -c pass", floor.text(1), "1.00")
    table.add("samlive --help", help_.text(1), help_.over(floor).text(1))
    title = "samlive dev, nothing to deploy, to subscribed"
    table.add(title, connected.text(0), connected.over(beside).text(1))
    table.add("… to ready", ready.text(0), ready.over(beside).text(1))
    first = found.series("first deploy")
    table.add("samlive dev, first deploy (offline), to ready", first.text(0), "-")
    modules = json.loads(
        subprocess.run(
            [sys.executable, "-c", COUNT], capture_output=True, text=True, check=True
        ).stdout
    )
    heavy = [name for name in HEAVY if name in modules]
    table.notes.append(
        f"modules that --help imports: {len(modules)}; heavy ones: {heavy or 'none'}"
    )
    result.goal("samlive --help over python -c pass", 3.0, help_.over(floor).middle, "x")
    result.goal(f"{title}, over python -c pass", 20.0, connected.over(beside).middle, "x")
    result.goal("heavy modules that --help imports", 0.0, float(len(heavy)), "")


if __name__ == "__main__":
    main()
