# ruff: noqa: INP001  (a script: nothing imports docs/)
"""Runs the demo in a terminal of its own and draws what it showed as demo.svg.

    python docs/screenshot.py

The session runs in a pseudo-terminal, on a copy of the example; a second,
plain process makes the calls that a reader would make in another terminal.
Nothing in the picture is written by hand.
"""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "demo.svg"
COLUMNS, ROWS = 124, 60
PROMPT = "[bold green]$[/] [bold]"
ORDER = '{"customer": "Ada", "items": [{"sku": "tea", "quantity": 2}]}'

ERASED = re.compile(r"[^\n]*(\r|\n(\x1b\[\?25h)?\r?\x1b\[1A)\x1b\[2K|\x1b\[\?25[lh]|\^C")
"""What a spinner showed and took back, and the echo of Ctrl-C."""

CHROME = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{
        font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
        font-size: {char_height}px;
        line-height: {line_height}px;
    }}
    .{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})"
       clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
    </g>
</svg>
"""
"""Rich's own form loads a font from elsewhere; this one takes what the reader has."""


class Session:
    """`samlive dev` in a pseudo-terminal; `shown` is what it has printed.

    Args:
        project: Folder of the project.
    """

    def __init__(self, project: Path) -> None:
        command = [str(Path(sys.executable).with_name("samlive")), "dev", "template.yaml"]
        self.command = "samlive dev template.yaml --offline"
        self._bytes = b""
        self._changed = threading.Condition()
        parent, child = pty.openpty()
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SAMLIVE"))}
        environment |= {"COLUMNS": str(COLUMNS), "LINES": str(ROWS), "TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            [*command, "--offline", "--stage", "ana"],
            cwd=project,
            env=environment,
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
        )
        os.close(child)
        threading.Thread(target=self._read, args=(parent,), daemon=True).start()

    def _read(self, terminal: int) -> None:
        while True:
            try:
                chunk = os.read(terminal, 65536)
            except OSError:  # the other end is closed
                return
            with self._changed:
                self._bytes += chunk
                self._changed.notify_all()

    @property
    def shown(self) -> Text:
        """What is on the screen."""
        text = self._bytes.decode(errors="replace").replace("\r\n", "\n")
        return Text.from_ansi(ERASED.sub("", text).rstrip())

    def until(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """Wait until a pattern was shown."""
        found: list[re.Match[str]] = []

        def there() -> bool:
            found.extend(match for match in [re.search(pattern, self.shown.plain)] if match)
            return bool(found) or self.process.poll() is not None

        with self._changed:
            self._changed.wait_for(there, seconds)
        if not found:
            raise SystemExit(f"not seen: {pattern}\n{self.shown.plain}")
        return found[0]

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(10)


def main() -> None:
    """Run the demo and draw it."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "orders")
        shutil.copytree(ROOT / "examples" / "orders", project)
        session = Session(project)
        try:
            calls = make_calls(session, project)
        finally:
            session.stop()
    draw(session, calls)


def make_calls(session: Session, project: Path) -> list[tuple[str, str]]:
    """Make the reader's calls; return each with what it answered."""
    url = session.until(r"ApiUrl\s+(\S+)").group(1).rstrip("/")
    session.until(r"Ctrl-C ends")
    health = call(f"{url}/health")
    app = project / "src" / "orders_api" / "app.py"
    app.write_text(app.read_text().replace('{"status": "ok"}', '{"status": "edited"}'))
    edited = call(f"{url}/health")
    order = call(f"{url}/orders", ORDER)
    session.until(rf"order {json.loads(order)['id']} fulfilled")
    session.until(r"(?s)(StreamFunction +<- .*){2}")  # the order, and its new status
    session.until(r"WorkerFunction +<- ")
    receipt = json.loads(order)["receipt"]
    return [
        ("curl $URL/health", health),
        ('sed -i \'s/"ok"/"edited"/\' src/orders_api/app.py; curl $URL/health', edited),
        (f"curl $URL/orders -d '{ORDER}' | jq -r .receipt", receipt),
    ]


def call(url: str, body: str | None = None) -> str:
    """Call a URL; return the body of the answer."""
    with urllib.request.urlopen(url, body.encode() if body else None, timeout=30) as response:
        text: str = response.read().decode()
    return text


def draw(session: Session, calls: list[tuple[str, str]]) -> None:
    """Write the picture."""
    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, highlight=False)
        show = console.print
        show(f"{PROMPT}{session.command}")
        show(session.shown)
        show("\n[dim]# meanwhile, in another terminal[/]")
        for command, answer in calls:
            show(f"{PROMPT}{escape(command)}")
            show(Text(answer))
        svg = console.export_svg(title="samlive", theme=DIMMED_MONOKAI, code_format=CHROME)
    PICTURE.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
