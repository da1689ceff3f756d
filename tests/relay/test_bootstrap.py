"""Runtimes of one's own: any program that speaks the Runtime API."""

import sys
from pathlib import Path

from relay_session import Project, Run

BOOTSTRAP = f"""#!{sys.executable}
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as reply:
        request, event = reply.headers["Lambda-Runtime-Aws-Request-Id"], json.load(reply)
    name = "error" if event.get("fail") else "response"
    body = json.dumps({{"errorType": "Go.Panic", "errorMessage": "no"}} if event.get("fail")
                      else {{"version": VERSION, "handler": os.environ["_HANDLER"]}}).encode()
    urllib.request.urlopen(urllib.request.Request(api + f"{{request}}/{{name}}", body)).close()
"""


def write(project: Project, version: int) -> Path:
    path = project.write("bootstrap", BOOTSTRAP.replace("VERSION", str(version)))
    path.chmod(0o755)
    return path


def test_without_a_bootstrap_the_function_is_answered_with_the_reason(
    project: Project, run: Run
) -> None:
    project.add(runtime="provided.al2023")

    async def scenario() -> None:
        async with project.session() as session:
            error = await session.stub().fail({})
            assert error["errorType"] == "SamLive.CannotStart"
            assert "provided.al2023" in error["errorMessage"]

    run(scenario())


def test_a_bootstrap_runs_and_reloads(project: Project, run: Run) -> None:
    write(project, 1)
    project.add(runtime="provided.al2023", handler="orders")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == {"version": 1, "handler": "orders"}
            error = await stub.fail({"fail": True})
            assert error == {"errorType": "Go.Panic", "errorMessage": "no"}
            write(project, 2)
            assert await stub.ask({}) == {"version": 2, "handler": "orders"}

    run(scenario())
