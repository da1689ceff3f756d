"""Templates that a command makes: jinja2, cookiecutter, a script, `cdk synth`.

The user's shell command runs in the template's folder, and what it writes to
standard output is the template; paths in it hold from that folder. It runs only
when the user names it, on the command line, in a variable or in samlive's own
section of the settings file; never because a template looks like it needs one.
"""

import contextlib
import os
import shlex
import signal
import subprocess
import threading
from pathlib import Path

from samlive.deploy.pace import Interrupted
from samlive.errors import SamliveError

LINES_TOLD = 20
LOOK_SECONDS = 0.2
"""How often a running command is looked at for the user's wish to stop."""
_ENDINGS = frozenset(
    ".cue .hbs .j2 .jinja .jinja2 .json .jsonnet .libsonnet .mustache .template .tmpl .toml .tpl "
    ".vm .yaml .yml".split()
)


def render(template: Path, command: str, stop: threading.Event | None = None) -> str:
    """Return the text of a template that a command makes.

    Args:
        template: The template as the user named it; it need not exist.
        command: For the shell.
        stop: Set when the user wants to stop; ends the command.

    Raises:
        SamliveError: The command fails, or makes nothing; shows what it said.
        Interrupted: The user wants to stop.
    """
    folder = template.resolve().parent
    if not folder.is_dir():
        raise SamliveError(f"There is no folder {folder}.", "Name the template to build.")
    done = _run(command, folder, stop or threading.Event())
    if done.returncode != 0:
        raise SamliveError(f"`{command}` in {folder} {_ended(done.returncode)}.", _told(done))
    try:
        text = done.stdout.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SamliveError(f"`{command}` in {folder} does not write UTF-8: {error}.") from None
    if not text.strip():
        raise SamliveError(f"`{command}` in {folder} wrote no template.", _told(done))
    return text


def sources(template: Path, command: str | None) -> frozenset[Path]:
    """Return the files that a built template is likely made from, to be watched.

    They are the template, files that the command names, and files of a
    template's kind beside the template and in folders that the command names.

    Args:
        template: The template as the user named it.
        command: The command; None when nothing is built.
    """
    if not command:
        return frozenset()
    folder = template.absolute().parent
    found, folders = {template.absolute()}, {folder}
    for word in _words(command):
        path = folder / word
        if path.is_file():
            found.add(path)
        elif path.is_dir():
            folders.add(path)
    for each in folders:
        found.update(p for p in each.iterdir() if p.suffix in _ENDINGS and p.is_file())
    return frozenset(found)


def _run(command: str, folder: Path, stop: threading.Event) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a process group of its own, which ends as a whole."""
    with subprocess.Popen(
        command,
        shell=True,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            while not stop.is_set():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    out, err = process.communicate(timeout=LOOK_SECONDS)
                    return subprocess.CompletedProcess(command, process.returncode, out, err)
            raise Interrupted
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError:  # a quote that the shell will complain about
        words = command.split()
    return [word for word in words if "\0" not in word and len(word) < 255]


def _ended(status: int) -> str:
    return f"ended with exit status {status}" if status > 0 else f"was ended by signal {-status}"


def _told(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return "\n".join(lines[-LINES_TOLD:]) or "It wrote nothing to standard error."
