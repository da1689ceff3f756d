"""The offline cloud: `python -m samlive.offline.cloud`.

An AWS on loopback, in one process, for as long as somebody wants it. In order:

1. bind a plain port (APIs, MQTT for the stub) and a TLS port (MQTT for
   clients that insist on TLS), make a private folder and start the guard that
   removes it even after kill -9;
2. set the environment, then import the emulator (it reads settings at import)
   and install the hooks;
3. serve, start the CONNECT proxy, make the IAM user "developer", and print one
   line of JSON: `{"event": "ready", "endpoint_url", "environment", "account",
   "log"}`. "environment" is what a user would export to use this cloud from any
   AWS tool; after a failure the line is `{"event": "error", "message", "hint"}`.

Finding the broker: DescribeEndpoint says `<id>-ats.iot.<region>.localhost:<plain
port>`. The stub takes a host under .localhost for this machine and speaks
plain MQTT over WebSocket to that port. The relay, with the unmodified device
SDK, goes through HTTPS_PROXY to the same name, with that port or without one
(443): the proxy leads any host under .localhost to the TLS port.

It ends on SIGTERM, SIGINT and, with --watch-stdin, when its standard input
closes: first the functions, then the server, last the private folder.
"""

import argparse
import asyncio
import json
import os
import signal
import tempfile
import threading
from pathlib import Path
from typing import Any

from samlive.errors import SamliveError
from samlive.offline import listeners, logs, pinned, settings
from samlive.offline.groups import Groups
from samlive.offline.settings import ACCOUNT, LOG_NAME, Settings

_REAP_EVERY_SECONDS = 30.0
_STOP_SECONDS = 2.5


def main(arguments: list[str] | None = None) -> int:
    """Run the cloud until it is told to stop.

    Args:
        arguments: Command line without the program; the process's own by default.

    Returns:
        Exit status: 0, or 2 when it could not start.
    """
    options = _parse(arguments)
    report = _Report(options.ready_file)
    try:
        pinned.check_installed()
        bound = listeners.bind(options.http_port)
        chosen = _settings(options, bound)
        log = _redirect_output(chosen.state)
        groups = Groups(chosen.folder)
        try:
            settings.apply(chosen)
            # Not asyncio.run: it would wait for threads that wait for functions.
            serving = _serve(chosen, bound, groups, report, log, options.watch_stdin)
            asyncio.new_event_loop().run_until_complete(serving)
        finally:
            groups.close()
            report.retract()
    except SamliveError as error:
        report.write({"event": "error", "message": error.message, "hint": error.hint})
        return error.exit_status
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m samlive.offline.cloud", description="Run an AWS on this machine."
    )
    parser.add_argument("--state", type=Path, help="folder for logs (default: .samlive/offline)")
    parser.add_argument("--region", default="us-east-1", help="default: %(default)s")
    parser.add_argument("--http-port", type=int, default=0, help="default: a free one")
    parser.add_argument("--ready-file", type=Path, help="write the ready line to this file too")
    parser.add_argument("--watch-stdin", action="store_true", help="end when stdin closes")
    parser.add_argument(
        "--isolation",
        choices=("relocated", "mounted"),
        default="relocated",
        help="how functions see /opt and /var/task (mounted: Linux mount namespaces)",
    )
    parser.add_argument(
        "--environment",
        dest="emulator",
        type=Path,
        metavar="RIE",
        help="run functions under AWS's runtime interface emulator, given its path",
    )
    return parser.parse_args(arguments)


def _settings(options: argparse.Namespace, bound: listeners.Listeners) -> Settings:
    state = logs.claim((options.state or Path(".samlive/offline")).resolve())
    return Settings(
        region=options.region,
        http_port=listeners.port_of(bound.http),
        tls_port=listeners.port_of(bound.tls),
        folder=Path(tempfile.mkdtemp(prefix="samlive-offline-")),
        state=state,
        upstream_proxy=settings.take_upstream_proxy(),
        isolation=options.isolation,
        emulator=options.emulator,
    )


class _Report:
    """Says how the start went, on the real standard output and in a file."""

    def __init__(self, file: Path | None) -> None:
        self._output = os.fdopen(os.dup(1), "w")
        self._file = file

    def retract(self) -> None:
        """Remove the file: what it says does not hold any more."""
        if self._file:
            self._file.unlink(missing_ok=True)

    def write(self, report: dict[str, Any]) -> None:
        line = json.dumps(report) + "\n"
        if self._file:
            fresh = self._file.with_name(self._file.name + ".new")
            fresh.touch(mode=0o600)
            fresh.write_text(line)
            fresh.replace(self._file)
        self._output.write(line)
        self._output.flush()


def _redirect_output(state: Path) -> Path:
    """Send everything the emulator prints to the log; returns its path."""
    path = state / LOG_NAME
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    return path


async def _serve(
    chosen: Settings,
    bound: listeners.Listeners,
    groups: Groups,
    report: _Report,
    log: Path,
    watch_stdin: bool,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    if watch_stdin:
        _call_at_end_of_input(lambda: loop.call_soon_threadsafe(stop.set))
    from samlive.offline import assembly, server

    cloud = assembly.assemble(chosen, groups)
    started = asyncio.Event()
    app = server.front(cloud.app, cloud.control, started.set)
    serving = asyncio.create_task(server.run(app, bound, cloud.certificate, stop.wait))
    try:
        await _first(serving, started)
        if not started.is_set():
            raise SamliveError("The emulator ended while it started.", f"See {log}")
        cloud.control.on_reset()
        variables = assembly.exported(chosen, cloud, await cloud.proxy.start())
        report.write(
            {
                "event": "ready",
                "endpoint_url": chosen.endpoint_url,
                "environment": variables,
                "account": ACCOUNT,
                "log": str(log),
            }
        )
        reaper = asyncio.create_task(_reap(cloud.pool))
        await _first(serving, stop)
        reaper.cancel()
    finally:
        _exit_anyway()
        stop.set()
        await asyncio.to_thread(cloud.pool.close)
        await cloud.proxy.stop()
        await serving


async def _first(task: asyncio.Task[None], event: asyncio.Event) -> None:
    """Wait until the task has ended or the event is set."""
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def _exit_anyway() -> None:
    """End the process soon, whatever still runs; the guard then cleans up."""
    timer = threading.Timer(_STOP_SECONDS, os._exit, (0,))
    timer.daemon = True
    timer.start()


async def _reap(pool: Any) -> None:
    while True:
        await asyncio.sleep(_REAP_EVERY_SECONDS)
        await asyncio.to_thread(pool.reap)


def _call_at_end_of_input(then: Any) -> None:
    def watch() -> None:
        while os.read(0, 4096):
            pass
        then()

    threading.Thread(target=watch, name="stdin", daemon=True).start()


if __name__ == "__main__":
    # The emulator leaves threads behind that would keep the process.
    os._exit(main())
