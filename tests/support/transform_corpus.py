"""Rewrites every template of the corpus and tells how it went.

The corpus lies beside the checkout, at ../shared/corpus, and is only read. The
benchmark of the same name prints the table; the tests ask for one JSON object a
template.
"""

import argparse
import json
import logging
import sys
import time
import traceback
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import transform_checks as checks
from samlive_transform import Result, Source, TransformError, parse, read, transform
from samlive_transform.lint import new_errors
from transform_stage import CORPUS, Fragment, corpus_files, options

_ROOT = Path(__file__).resolve().parents[2]
_SHARED = (each for each in _ROOT.parents if each.name == ".cache")
CACHE = next(_SHARED, _ROOT / ".cache") / "lint"
"""Kept between runs, also by an unpacked copy that lies in the checkout's own cache."""


@dataclass
class Row:
    """How one template fared."""

    file: str
    outcome: str = ""
    message: str = ""
    bytes: int = 0
    read_ms: float = 0.0
    transform_ms: float = 0.0
    functions: int = 0
    live: int = 0
    translates: bool = False
    complaints: dict[str, list[str]] = field(default_factory=dict)


def examine(path: Path, lint: bool) -> Row:
    """Rewrite one template and check everything that must hold."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    row = Row(str(path), bytes=path.stat().st_size)
    try:
        _examine(path, lint, row)
    except TransformError as error:
        row.message = str(error)
        row.outcome = row.outcome or "unreadable"
        if not error.hint:
            row.complaints["reasoned"] = ["a refusal without a hint"]
    except Exception:
        row.outcome = "traceback"
        row.complaints["traceback"] = [traceback.format_exc(limit=-4)]
    return row


def _examine(path: Path, lint: bool, row: Row) -> None:
    start = time.perf_counter()
    source = read(path)
    row.read_ms = (time.perf_counter() - start) * 1000
    row.outcome = "refused"
    start = time.perf_counter()
    result = transform(source, options())
    row.transform_ms = (time.perf_counter() - start) * 1000
    row.outcome = "transformed"
    row.functions = len(result.report.functions)
    row.live = sum(each.live for each in result.report.functions)
    _check(source, result, lint, row)


def _check(source: Source, result: Result, lint: bool, row: Row) -> None:
    again = transform(Fragment(result.template, source), options())
    found = {
        "idempotent": ["not the same again"] if again.template != result.template else [],
        "people": list(checks.people(source, result)),
        "report": list(checks.report(source, result)),
        "macro": list(checks.macro(source, result, options())),
    }
    before, after = checks.translations(source, result)
    row.translates = before is not None
    if isinstance(after, str):
        found["translates"] = [after]
    elif before is not None:
        found["permissions"] = list(checks.permissions(result, after))
        found["queues"] = list(checks.queues(result, after))
        found["added"] = list(checks.added(before, after))
    if lint:
        wrong = new_errors(source.tree, result.template, cache=CACHE)
        found["lint"] = [f"{each.rule} {each.path}: {each.message}" for each in wrong]
    row.complaints = {name: texts for name, texts in found.items() if texts}


def synthetic(functions: int) -> str:
    """Return a template of so many functions, 2 KB each."""
    variables = "".join(f"          VARIABLE_{n}: {'x' * 40}\n" for n in range(28))
    body = (
        "Transform: AWS::Serverless-2016-10-31\n"
        "Globals: {Function: {Runtime: python3.12, Handler: app.handler, Timeout: 10}}\n"
        "Resources:\n  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: orders}}\n"
    )
    for n in range(functions):
        body += (
            f"  Function{n}:\n    Type: AWS::Serverless::Function\n    Properties:\n"
            f"      CodeUri: src/\n      Policies: [AmazonS3ReadOnlyAccess]\n"
            f"      Environment:\n        Variables:\n{variables}"
            "      Events: {Queue: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}}\n"
        )
    return body


def cost(functions: int) -> str:
    """Return what reading and rewriting such a template takes, the best of three."""
    text = synthetic(functions)
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        transform(parse(text), options())
        best = min(best, time.perf_counter() - start)
    return f"{best * 1000:.0f} ms ({len(text) / 1024:,.0f} KB)"


def table(rows: list[Row], seconds: float, lint: bool) -> str:
    """Return the table as Markdown."""
    kinds = Counter(row.outcome for row in rows)
    done = [row for row in rows if row.outcome == "transformed"]
    parsed = len(done) + kinds["refused"]

    def failing(name: str) -> int:
        return sum(1 for row in rows if name in row.complaints)

    slowest = max(done, key=lambda row: row.transform_ms, default=None)
    small = [row.read_ms + row.transform_ms for row in done if 8_000 <= row.bytes <= 12_000]
    lines = [
        ("templates", f"{len(rows)}, {parsed} parse"),
        ("transformed", f"{kinds['transformed']}"),
        ("refused with a reason", f"{kinds['refused']}"),
        ("unreadable, named for what they are", f"{kinds['unreadable']}"),
        ("tracebacks", f"{kinds['traceback']}"),
        ("functions live / kept", f"{sum(r.live for r in done)} / {_kept(done)}"),
        ("SAM translates before, not after", f"{failing('translates')} of {_translating(done)}"),
        ("live functions' roles without the permission", f"{failing('permissions')} templates"),
        ("queues below their function's timeout", f"{failing('queues')} templates"),
        (f"more than {checks.MOST_ADDED} resources added", f"{failing('added')} templates"),
        ("people's output wrong", f"{failing('people')} templates"),
        ("not idempotent", f"{failing('idempotent')} templates"),
        ("report differs from the differences", f"{failing('report')} templates"),
        ("the macro gives something else", f"{failing('macro')} templates"),
        ("new lint errors", f"{failing('lint')} templates" if lint else "not run (--lint)"),
        ("10 KB template, median", f"{sorted(small)[len(small) // 2]:.1f} ms" if small else "-"),
        (
            "slowest",
            f"{slowest.transform_ms:.0f} ms for {slowest.bytes:,} bytes" if slowest else "-",
        ),
        ("4 functions made up", cost(4)),
        ("120 functions made up", cost(120)),
        ("499 functions made up", cost(499)),
        ("the whole run", f"{seconds:.0f} s"),
    ]
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"| {name:{width}} | {value} |" for name, value in lines)


def _told(row: Row) -> str:
    """Return a line for each kind of complaint."""
    lines = []
    for name, texts in row.complaints.items():
        more = f" (and {len(texts) - 1} more)" if texts[1:] else ""
        lines.append(f"{row.file}: {name}: {texts[0]}{more}\n")
    return "".join(lines)


def _kept(rows: list[Row]) -> int:
    return sum(row.functions - row.live for row in rows)


def _translating(rows: list[Row]) -> int:
    return sum(row.translates for row in rows)


def main() -> int:
    """Run, print, and say whether everything holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "files", nargs="*", type=Path, help="templates; the corpus when none is given"
    )
    parser.add_argument(
        "--core", action="store_true", help="the 197 templates that show all features"
    )
    parser.add_argument("--lint", action="store_true", help="run cfn-lint before and after")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    parser.add_argument("--json", action="store_true", help="one JSON object per template")
    wanted = parser.parse_args()
    if not wanted.files and not CORPUS.is_dir():
        print(f"the corpus is not at {CORPUS}: nothing to do")
        return 0
    files = wanted.files or list(corpus_files("shared_core.txt" if wanted.core else "manifest.tsv"))
    start = time.perf_counter()
    rows = []
    with ProcessPoolExecutor(wanted.jobs) as pool:
        for row in pool.map(partial(examine, lint=wanted.lint), files, chunksize=4):
            rows.append(row)
            line = f"{json.dumps(asdict(row))}\n" if wanted.json else _told(row)
            print(line, end="", flush=True)
    if not wanted.json:
        print(table(rows, time.perf_counter() - start, wanted.lint))
    return int(any(row.complaints for row in rows))


if __name__ == "__main__":
    sys.exit(main())
