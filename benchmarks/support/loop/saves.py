"""From the end of a save to the first answer with the new code.

The request is sent the moment the file is written: the worst case, nothing has
been prepared. A second column gives the developer a quarter of a second, in
which the relay may have started the new process ahead. The floor is a fresh
process that imports the handler and answers, in turns with the saves.

Every save writes a new value of the same size, and the answer must hold it: an
older one is counted as stale. The last part only counts: saves as fast as they
are served, most of them within one second of the one before, which is what a
cache keyed by whole seconds and sizes (Python's own bytecode) gets wrong.
"""

import json
import os
import sys
import time
from pathlib import Path

from support import place, projects, tools
from support.processes import MARK, Bench, step
from support.projects import Project
from support.result import Result
from support.stats import Collector

GOALS = {
    "plain": None,
    "boto3": 15.0,
    "clients": 45.0,
    "pandas": 30.0,
    "node": None,
    "javascript": None,
    "typescript": 30.0,
}
TITLES = {
    "plain": "Python, nothing imported",
    "boto3": "Python, imports boto3",
    "clients": "Python, boto3 resource and client at module scope",
    "pandas": "Python, imports pandas",
    "node": "JavaScript, nothing imported",
    "javascript": "JavaScript, two AWS SDK clients at module scope",
    "typescript": "TypeScript, two AWS SDK clients at module scope",
}
PAUSE = 0.25


def measure(result: Result, runs: int, saves: int, stale_saves: int) -> None:
    """Measure saves, hold them against their goals, count stale answers."""
    table = result.table(
        "Save → first answer with new code (loopback WSS)",
        "handler",
        "request at once, ms",
        "request 250 ms later, ms",
        "fresh process, ms",
        "ratio",
        "stale",
    )
    found, stale, broken = Collector(), dict.fromkeys(GOALS, 0), dict[str, str]()
    for number in range(runs):
        with step(f"saves, run {number + 1}"), Bench() as bench:
            found.begin()
            made = _projects(bench.folder / "project", broken)
            _one_run(bench, made, found, saves, stale, broken)
    for name, title in TITLES.items():
        if name in broken:
            result.skip(f"save → first answer, {title}", broken[name])
            if GOALS[name]:
                result.goal(f"save → first answer, {title}", GOALS[name], None, " ms")
            continue
        at_once, fresh = found.series(f"{name} at once"), found.series(f"{name} fresh")
        later = found.series(f"{name} later")
        ratio = at_once.over(fresh).text()
        counted = str(stale[name])
        table.add(title, at_once.text(1), later.text(1), fresh.text(1), ratio, counted)
        if GOALS[name]:
            result.goal(f"save → first answer, {title}", GOALS[name], at_once.middle, " ms")
    bars = []
    for name, title in TITLES.items():
        if name not in broken:
            bars.append((f"{title}", found.series(f"{name} at once").middle, True))
            bars.append(("a fresh process", found.series(f"{name} fresh").middle, False))
    result.chart("Save → first answer with new code", " ms", *bars)
    with step(f"{stale_saves} saves as fast as they are served"):
        wrong, same_second = _count_stale(stale_saves)
    table.notes.append(
        f"{stale_saves} saves of one size in a row, {same_second} within the same second as the "
        f"one before: {wrong} stale answers"
    )
    result.goal(f"stale answers in {stale_saves:,} saves", 0.0, float(wrong), "")


def _projects(folder: Path, broken: dict[str, str]) -> dict[str, Project]:
    python = sys.executable
    sources = {"plain": projects.PLAIN, "boto3": projects.BOTO3, "clients": projects.CLIENTS}
    try:
        python = str(tools.virtual_environment("pandas", "boto3", "pandas"))
        sources["pandas"] = projects.PANDAS
    except tools.Missing as problem:
        broken["pandas"] = str(problem)
    made = {name: projects.python(folder, name, source, python) for name, source in sources.items()}
    try:
        modules = tools.node_packages(
            "node", "@aws-sdk/client-dynamodb", "@aws-sdk/client-s3", "esbuild"
        )
        for name, suffix in (("javascript", ".mjs"), ("typescript", ".ts")):
            made[name] = projects.node(folder, name, modules / "node_modules", suffix)
        plain = projects.PLAIN_JAVASCRIPT
        made["node"] = projects.node(folder, "node", modules / "node_modules", ".mjs", plain)
    except tools.Missing as problem:
        broken |= dict.fromkeys(("node", "javascript", "typescript"), str(problem))
    return {name: project for name, project in made.items() if name not in broken}


def _one_run(
    bench: Bench,
    made: dict[str, Project],
    found: Collector,
    saves: int,
    stale: dict[str, int],
    broken: dict[str, str],
) -> None:
    where = place.broker(bench)
    functions = {name: project.fields() for name, project in made.items()}
    interpreter = made["plain"].interpreter
    active = None if interpreter == sys.executable else interpreter
    folder = bench.folder / "project"
    place.relay(bench, where, functions, folder, paced=False, interpreter=active)
    for name, project in made.items():
        stub = place.Stub(where, name)
        try:
            stub.call(b"{}")
        except place.CallFailed as problem:
            broken[name] = str(problem).splitlines()[0]
            stub.close()
            continue
        for number in range(1, saves + 1):
            spent, old = _save(project, stub, 2 * number, 0.0)
            found.add(f"{name} at once", spent)
            later, older = _save(project, stub, 2 * number + 1, PAUSE)
            found.add(f"{name} later", later)
            stale[name] += old + older
            found.add(f"{name} fresh", _fresh(project))
        stub.close()


def _save(project: Project, stub: place.Stub, number: int, wait: float) -> tuple[float, int]:
    """Save and call until the new value comes; returns milliseconds and stale answers."""
    time.sleep(PAUSE)
    value = project.save(number)
    saved = time.perf_counter()
    if wait:
        time.sleep(wait)
        saved += wait
    stale = 0
    while json.loads(stub.call(b"{}"))["value"] != value:
        stale += 1
    return (time.perf_counter() - saved) * 1000, stale


def _fresh(project: Project) -> float:
    environment = {**os.environ, **place.CREDENTIALS, MARK: "1"}
    return projects.fresh_answer(project.fresh(), environment)


def _count_stale(saves: int) -> tuple[int, int]:
    """Save and call in a row; returns stale answers and saves in the same second."""
    wrong = same_second = 0
    before = 0
    with Bench() as bench:
        project = projects.python(bench.folder / "project", "plain", projects.PLAIN)
        where = place.broker(bench)
        functions = {"plain": project.fields()}
        place.relay(bench, where, functions, project.file.parent, paced=False)
        stub = place.Stub(where, "plain")
        for number in range(saves):
            value = project.save(number)
            second = int(project.file.stat().st_mtime)
            same_second += second == before
            before = second
            wrong += json.loads(stub.call(b"{}"))["value"] != value
        stub.close()
    return wrong, same_second
