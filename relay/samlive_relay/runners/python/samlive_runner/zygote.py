"""A process that has imported the dependencies already, and forks environments from itself.

Importing boto3 takes 150 ms and more, forking 1 to 4. So one process per
interpreter imports what the functions imported last time (never the user's own
modules: those would be stale in every child), and then waits on its control
channel. Each request brings the descriptors of a new environment; the child
goes on as if it had been started by `run_handler.py`.

    relay -> zygote   first {"path", "modules", "loader"}, then b"fork" or b"reserve"
                      with four descriptors
    zygote -> relay   {"ready": …} once, {"forked": pid or -1}, {"exited": pid, "status": n}

What would make a child differ from a fresh process is found out and reported:
a package that reads environment variables while it is imported (those of the
function are not there yet), or that starts a thread (a fork loses it). The
relay starts another zygote without it.

A child that is forked in reserve waits for its environment, and does until then
what would otherwise be done after it has come: see `rehearsal`.
"""

import fcntl
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from typing import Any, Callable, Optional

from . import botocore_answers, botocore_loader, fresh, rehearsal
from .serve import installed, serve

CHANNEL, STDOUT, STDERR, LIFELINE = range(4)
F_SETSIG = 10
LIMIT = 1 << 20
RESERVE = b"reserve"
NONE = -1


class Reads:
    """Which environment variables each package reads while it is imported."""

    def __init__(self) -> None:
        self.package = ""
        self.found: dict[str, tuple[Optional[str], str]] = {}

    def watch(self) -> Callable[[], None]:
        """Note every read from now on; returns what ends that."""
        kind = type(os.environ)
        get, iterate = kind.__getitem__, kind.__iter__
        found = self.found

        def noting_get(environ: Any, key: str) -> str:
            try:
                value = get(environ, key)
            except KeyError:
                found.setdefault(key, (None, self.package))
                raise
            found.setdefault(key, (value, self.package))
            return value

        def noting_iterate(environ: Any) -> Any:
            found.setdefault("*", (None, self.package))
            return iterate(environ)

        kind.__getitem__, kind.__iter__ = noting_get, noting_iterate  # type: ignore[method-assign]

        def end() -> None:
            kind.__getitem__, kind.__iter__ = get, iterate  # type: ignore[method-assign]

        return end


def run(control: socket.socket) -> None:
    """Preload, then fork on request until the relay hangs up."""
    order = json.loads(control.recv(LIMIT) or b"null")
    if order is None:
        return
    sys.path += order["path"]
    report = preload(order["modules"], order["loader"])
    clients = report.pop("clients")
    installed()
    fresh.get_ready()
    gc.collect()
    gc.freeze()  # the collector would write to every page it shares with the children
    control.send(json.dumps({"ready": report}).encode())
    ended = _watch_children()
    while True:
        readable, _, _ = select.select([control.fileno(), ended], [], [])
        if ended in readable:
            os.read(ended, 4096)
            _report_ended(control)
        if control.fileno() in readable:
            message, descriptors, _, _ = socket.recv_fds(control, 64, 4)
            if not message:
                return
            ahead = clients if message == RESERVE else None
            _fork(control, descriptors, ended, ahead)


def preload(modules: list[str], loader_calls: list[Any]) -> dict[str, Any]:
    """Import modules; report variables that were read, threads, and clients to rehearse.

    Args:
        modules: Full names, in the order in which a function imported them.
        loader_calls: Calls of botocore's data loader to make ahead.
    """
    reads = Reads()
    threads = _import(modules, reads)
    botocore_loader.share()
    botocore_loader.repeat(loader_calls)
    late = None if threads else rehearsal.trial(loader_calls)
    threads += _import(late or [], reads)
    clients = [] if late is None else loader_calls
    settle = botocore_answers.remember()
    rehearsal.rehearse_clients(clients)
    settle()
    return {"reads": reads.found, "threads": threads, "clients": clients}


def _import(modules: list[str], reads: Reads) -> list[str]:
    """Import modules; return the packages that have started threads."""
    threads = []
    before = _thread_count()
    end = reads.watch()
    try:
        for name in modules:
            reads.package = name.partition(".")[0]
            try:
                importlib.import_module(name)
            except BaseException:
                continue  # whoever imports it meets the problem again
            count = _thread_count()
            if count > before:
                threads.append(reads.package)
                before = count
    finally:
        end()
    return threads


def _fork(
    control: socket.socket, descriptors: list[int], ended: int, ahead: Optional[list[Any]]
) -> None:
    try:
        pid = os.fork()
    except OSError:  # too many processes, or too little memory
        pid = NONE
    if pid == 0:
        status = 1
        try:
            control.close()
            os.close(ended)
            status = _become(descriptors, ahead)
        except SystemExit as problem:
            status = _exit_status(problem)
        except BaseException as problem:
            sys.excepthook(type(problem), problem, problem.__traceback__)
        finally:
            _flush()
            os._exit(status)  # never fall back into the zygote's loop
    for descriptor in descriptors:
        os.close(descriptor)
    control.send(json.dumps({"forked": pid}).encode())


def _become(descriptors: list[int], ahead: Optional[list[Any]]) -> int:
    """Turn this child into an environment and serve it.

    Args:
        descriptors: Its channel, outputs and lifeline.
        ahead: Calls of botocore's loader for which clients are rehearsed; None when the
            environment is there already.
    """
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in (STDOUT, STDERR):
        os.dup2(descriptors[number], number)
        os.close(descriptors[number])
    lifeline = descriptors[LIFELINE]
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpid())
    fcntl.fcntl(lifeline, F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # else every child draws the same numbers
    channel = socket.socket(fileno=descriptors[CHANNEL])
    if ahead is not None:
        rehearsal.rehearse_life()
        rehearsal.rehearse_clients(ahead, lambda: bool(select.select([channel], [], [], 0)[0]))
    serve(channel, len(sys.modules), 0 if ahead is None else _own_memory())
    return 0


def _watch_children() -> int:
    """Return a descriptor that becomes readable when a child has ended."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    return readable


def _report_ended(control: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        control.send(json.dumps({"exited": pid, "status": code}).encode())


def _exit_status(problem: SystemExit) -> int:
    if problem.code is None:
        return 0
    if isinstance(problem.code, int):
        return problem.code & 0xFF
    print(problem.code, file=sys.stderr)
    return 1


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue


def _own_memory() -> int:
    """Return how many KB this process shares with none: what its function never asked for."""
    try:
        with open("/proc/self/smaps_rollup", "rb") as file:
            lines = [line.split() for line in file if line.startswith(b"Private_")]
    except OSError:
        return 0
    return sum(int(words[1]) for words in lines)


def _thread_count() -> int:
    return len(os.listdir("/proc/self/task"))
