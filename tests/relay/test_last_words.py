"""What a process has said before its end counts, however late the relay comes to read it."""

import json
import os
import sys
import time

import pytest

from process_tree import is_running
from relay_session import Project, Run
from samlive_relay.workers import environment
from samlive_relay.workers.python import PythonWorker
from samlive_relay.workers.worker import Boot, Call, Hooks

CALL = Call("r-1", {"request-id": "r-1", "deadline-ms": "0"}, b"{}", None)


def worker(project: Project) -> PythonWorker:
    function = project.add()
    variables = environment.build(function, {}, os.environ)
    boot = Boot(function, variables, project.folder, project.folder)
    hooks = Hooks(lambda request, stream, text: None, lambda files: None)
    return PythonWorker(boot, hooks, sys.executable)


def wait_for_its_end(pid: int) -> None:
    """Wait without giving the loop a turn, as a busy relay does."""
    end = time.monotonic() + 60
    while is_running(pid):
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.mark.parametrize("asked", ["before it ends", "after it has ended"])
def test_a_fault_is_answered_by_its_cause(project: Project, run: Run, asked: str) -> None:
    project.write("app.py", "raise KeyError('DB_HOST')\n")

    async def scenario() -> None:
        process = worker(project)
        await process.start()
        if asked == "after it has ended":
            wait_for_its_end(process.pid)
        outcome = await process.invoke(CALL)
        assert outcome.error
        assert json.loads(outcome.body)["errorType"] == "KeyError"
        await process.gone()

    run(scenario())
