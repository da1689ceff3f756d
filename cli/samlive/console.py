"""The events as text for people: the only importer of rich.

Each function has a colour of its own for as long as the session runs. Texts of
functions and of AWS are never read as markup.
"""

from collections.abc import Callable, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from samlive import log_lines
from samlive.printable import printable

COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_magenta")
MAX_NAME = 28
_WHAT_NOW = " Save a file: the next call runs it. Ctrl-C ends the session."
_GOOD, _BAD, _BUSY = "green", "bold red", "yellow"
_DIFFERENCE = {"+": _GOOD, "-": "red", "~": _BUSY}
_CHECKED = {"ok": _GOOD, "fail": _BAD, "note": _BUSY, "skip": "dim"}
_BAR = 24
"""Characters of the bar of an upload."""
_LARGE = 100_000
"""Bytes from which on an upload takes long enough to be watched."""

_BEGINNINGS = {
    "started": "deploying",
    "deleting": "deleting",
    "restoring": "restoring",
    "waiting": "waiting for",
    "continuing": "continuing the rollback of",
}
_DEPLOYED = {
    "complete": "deployed",
    "unchanged": "up to date:",
    "absent": "there is no stack",
    "kept": "kept the template and code of",
}


_LEVELS = {"WARN": _BUSY, "WARNING": _BUSY, "ERROR": _BAD, "CRITICAL": _BAD, "FATAL": _BAD}


class TextOutput:
    """Prints events for people.

    Args:
        console: Where to; standard output when None.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._colours: dict[str, str] = {}
        self._width = 0
        self._progress: Status | None = None
        self._settled = 0
        self._uploads: dict[str, tuple[int, int]] = {}
        self._printers: dict[str, Callable[[dict[str, Any]], None]] = {
            "starting": self._starting,
            "offline": self._offline,
            "deploy": self._deploy,
            "ready": self._ready,
            "invocation_started": self._invocation_started,
            "invocation": self._invocation,
            "log": self._log,
            "edit": self._edit,
            "reload": self._reload,
            "build": self._build,
            "connection": self._connection,
            "note": self._note,
            "warning": self._warning,
            "error": self._error,
            "stopping": self._stopping,
            "stopped": self._stopped,
            "plan": self._plan,
            "status": self._status,
            "stage": self._stage,
            "check": self._check,
        }

    def tell(self, event: str, **fields: Any) -> None:
        """Print an event."""
        self._printers[event](fields)

    def _line(self, *parts: str | tuple[str, str]) -> None:
        self._console.print(_text(*parts))

    def _prose(self, *parts: str | tuple[str, str]) -> None:
        """Print a sentence: wrapped between words on a terminal, one line for everything else."""
        text = _text(*parts)
        if self._console.is_terminal:
            text.plain = _wrapped(text.plain, self._console.width)
        self._console.print(text)

    def _rows(self, rows: Sequence[Sequence[Text]]) -> None:
        """Print columns: wrapped inside of a terminal, one line a row for everything else."""
        if self._console.is_terminal:
            table = Table.grid(padding=(0, 2))
            for row in rows:
                table.add_row(*row)
            self._console.print(table)
            return
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.plain.ljust(width) for cell, width in zip(row, widths, strict=True))
            self._line("  ".join(cells).rstrip())

    # --- the session ------------------------------------------------------

    def _starting(self, said: dict[str, Any]) -> None:
        where = "offline" if said["offline"] else said["region"]
        self._line(
            ("samlive ", "bold"),
            f"{said['version']}  {said['app']}, stage ",
            (said["stage"], "bold"),
            f", {where}",
        )

    def _offline(self, said: dict[str, Any]) -> None:
        self._line(("the embedded cloud answers at ", "dim"), (said["endpoint_url"], "dim"))

    def _deploy(self, said: dict[str, Any]) -> None:
        status, stack = said["status"], said["stack"]
        if "logical_id" in said:
            self._resource(said)
            return
        if status == "uploading":
            self._uploading(said)
            return
        if status == "uploaded":
            self._uploads.pop(said["origin"], None)
            if self._progress is not None:
                left = self._bar(stack) if self._uploads else f"deploying {stack}"
                self._progress.update(left)
            self._line((f"  uploaded {said['origin']} ({_size(said)})", "dim"))
            return
        if status == "redelivered":
            events = "1 event" if said["events"] == 1 else f"{said['events']} events"
            self._line((f"gave back {events} that had waited", "dim"))
            return
        self._end_progress()
        if status in _BEGINNINGS:
            verb = _BEGINNINGS[status]
            self._begin_progress(f"{verb} {stack}")
        else:
            text = _DEPLOYED.get(status, status)
            self._line((f"{text} ", _GOOD if status == "complete" else "dim"), stack)

    def _uploading(self, said: dict[str, Any]) -> None:
        """Show how far the uploads are that are under way."""
        self._uploads[said["origin"]] = (said["sent"], said["bytes"])
        if self._progress is not None and said["bytes"] >= _LARGE:
            self._progress.update(self._bar(said["stack"]))

    def _bar(self, stack: str) -> Text:
        sent, whole = map(sum, zip(*self._uploads.values(), strict=True))
        names = ", ".join(self._uploads)
        bar = "━" * round(_BAR * sent / max(whole, 1))
        return Text.assemble(
            f"{stack}: uploading {names} ",
            (f"{bar:╌<{_BAR}}", _GOOD),
            f" {sent / 1e6:.1f} of {whole / 1e6:.1f} MB",
        )

    def _resource(self, said: dict[str, Any]) -> None:
        """Show what happens to a resource: failures stay, the rest is progress."""
        status, name = said["status"], f"{said['logical_id']} ({said['type']})"
        reason = f": {said['reason']}" if said["reason"] else ""
        if "FAILED" in status or "ROLLBACK" in status:
            self._line((f"  {status} {name}{reason}", _BAD))
        elif status.endswith("_COMPLETE"):
            self._settled += 1
        if self._progress is not None:
            self._progress.update(f"{said['stack']}: {self._settled} done, {name}")

    def _begin_progress(self, text: str) -> None:
        self._settled = 0
        self._line(text)
        if self._console.is_terminal:
            self._progress = self._console.status(text)
            self._progress.start()

    def _end_progress(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _ready(self, said: dict[str, Any]) -> None:
        functions = said["functions"]
        self._width = min(MAX_NAME, max(map(len, functions), default=0))
        rows = []
        for name, state in functions.items():
            live = state == "live"
            rows.append(
                (
                    Text("live" if live else "kept", style=_GOOD if live else "dim"),
                    Text(name, style=self._colour(name) if live else "dim"),
                    Text("" if live else state.removeprefix("kept: "), style="dim"),
                )
            )
        self._console.print()
        self._rows(rows)
        shown = _shown(said["urls"], said["outputs"])
        if shown:
            self._console.print()
        for name, value in shown.items():
            self._line((f"{name}  ", "bold"), value)
        if "seconds" in said:
            more = "" if said.get("again") else _WHAT_NOW
            self._line(("\nlive ", _GOOD), f"after {said['seconds']:.1f} s.{more}")

    def _stopping(self, said: dict[str, Any]) -> None:
        self._end_progress()
        waiting = said.get("waiting_for") or []
        text = f"stopping ({said['reason']})"
        if waiting:
            text += f"; waiting for {', '.join(waiting)}. Ctrl-C again ends them at once."
        self._prose((text, _BUSY))

    def _stopped(self, said: dict[str, Any]) -> None:
        self._prose(said["text"])

    # --- invocations ------------------------------------------------------

    def _colour(self, function: str) -> str:
        return self._colours.setdefault(function, COLOURS[len(self._colours) % len(COLOURS)])

    def _of(self, function: str, *parts: str | tuple[str, str]) -> None:
        name = function if len(function) <= MAX_NAME else f"{function[: MAX_NAME - 1]}…"
        self._line((f"{name:<{self._width}} ", self._colour(function)), *parts)

    def _invocation_started(self, said: dict[str, Any]) -> None:
        caller = f"{said['caller']} " if said.get("caller") else ""
        start = "  cold start" if said["cold"] else ""
        short = said["request_id"][:8]
        self._of(said["function"], ("-> ", "dim"), caller, (f"{short}{start}", "dim"))

    def _invocation(self, said: dict[str, Any]) -> None:
        good = said["status"] == "ok"
        error = said.get("error") or {}
        text = f" {error['type']}: {error['message']}" if error else ""
        over = "  (in production its timeout would have ended it)" if said["over_timeout"] else ""
        self._of(
            said["function"],
            ("<- ", "dim"),
            (f"{said['duration_ms']:.0f} ms{text}", _GOOD if good else _BAD),
            (over, _BUSY),
        )

    def _log(self, said: dict[str, Any]) -> None:
        level, lines = log_lines.read(said["text"])
        shown = (f"{level} " if level else "", _LEVELS.get(level, "dim"))
        for number, text in enumerate(lines):
            self._of(said["function"], "|  ", shown if number == 0 else "", text)

    def _edit(self, said: dict[str, Any]) -> None:
        files = ", ".join(name.rpartition("/")[2] for name in said["files"])
        self._line(("edit ", _BUSY), files)
        for line in said["changes"]:
            self._line((f"  {line}", _DIFFERENCE.get(line[0], "dim")))

    def _reload(self, said: dict[str, Any]) -> None:
        files = ", ".join(name.rpartition("/")[2] for name in said["files"])
        functions = ", ".join(said["functions"]) or "no effect on this stage"
        self._line(("reload ", _BUSY), f"{files} -> {functions}")

    def _build(self, said: dict[str, Any]) -> None:
        if said["status"] == "started":
            self._of(said["function"], ("building", "dim"))
            return
        failed = said["status"] == "failed"
        text = f"{'does not build' if failed else 'built'} ({said['seconds']:.1f} s)"
        self._of(said["function"], (text, _BAD if failed else "dim"))
        for line in said.get("problem", "").splitlines():
            self._of(said["function"], "|  ", line)

    # --- everything else --------------------------------------------------

    def _connection(self, said: dict[str, Any]) -> None:
        good = said["state"] == "connected"
        detail = f": {said['detail']}" if said.get("detail") else ""
        self._line((f"{said['state']}{detail}", "dim" if good else _BUSY))

    def _note(self, said: dict[str, Any]) -> None:
        self._prose((f"note {said['text']}", "dim"))

    def _warning(self, said: dict[str, Any]) -> None:
        name = f"{said['function']}: " if said.get("function") else ""
        self._prose(("warning ", _BUSY), f"{name}{said['text']}")

    def _error(self, said: dict[str, Any]) -> None:
        self._end_progress()
        self._prose(("error ", _BAD), said["message"])
        if said.get("hint"):
            self._line(said["hint"])

    def _plan(self, said: dict[str, Any]) -> None:
        for line in said["lines"]:
            self._line(line)

    def _status(self, said: dict[str, Any]) -> None:
        for name, value in said.items():
            if isinstance(value, dict):
                self._line((f"{name}", "bold"))
                for key, text in value.items():
                    self._line(f"  {key}  {text}")
            else:
                self._line((f"{name}  ", "bold"), str(value))

    def _stage(self, said: dict[str, Any]) -> None:
        mark = " (yours)" if said.get("current") else ""
        self._line((said["stage"], "bold"), f"{mark}  {said['stack']}  {said['state']}")

    def _check(self, said: dict[str, Any]) -> None:
        state = said["state"]
        self._prose((f"{state:<5}", _CHECKED[state]), said["text"])
        if said.get("hint"):
            self._line("     ", said["hint"])


def _text(*parts: str | tuple[str, str]) -> Text:
    """Join parts, each a text or a text and its style."""
    pairs = ((part, "") if isinstance(part, str) else part for part in parts)
    return Text.assemble(*((printable(text), style) for text, style in pairs))


def _wrapped(text: str, width: int) -> str:
    """Return a text of the same length with line ends for blanks; long words stay whole."""
    first, *words = text.split(" ")
    joined = first
    for word in words:
        line = joined.rpartition("\n")[2] + " " + word.partition("\n")[0]
        joined += (" " if cell_len(line) <= width else "\n") + word
    return joined


def _size(said: dict[str, Any]) -> str:
    count = int(said["bytes"])
    return f"{count} bytes" if count < 10_000 else f"{count / 1024:,.0f} KB"


def _shown(urls: dict[str, str], outputs: dict[str, str]) -> dict[str, str]:
    """Return URLs and outputs for people: each address once, under its output's name."""
    shown: dict[str, str] = {}
    for name, value in reversed(urls.items()):  # outputs come last, and go first
        if value not in shown.values():
            shown[name] = value
    return {**dict(reversed(shown.items())), **outputs}
