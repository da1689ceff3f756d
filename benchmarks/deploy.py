"""A deploy of the stage: the first one, one with nothing to do, and an edit while it runs.

    python benchmarks/deploy.py [--runs 3] [--functions 10] [--peers 1]

On the offline cloud, whose CloudFormation takes milliseconds per resource where
AWS takes seconds. So this shows samlive's own part: reading, rewriting,
packaging, planning. The floor, in turns: CreateStack of the same rewritten
template by a bare client, from call to CREATE_COMPLETE. Times are from the
events that the command prints.

Beside it `sam build` with `sam deploy`, and `sam sync`, on the same project and
the same cloud, in turns: until a whole command has ended, or `samlive dev` says
that it is ready; with the calls that each makes and the bytes it sends.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.peers import sam
from support.processes import Bench, refuse_leftovers, step
from support.result import Result, arguments, shown
from support.session import Session
from support.stats import Collector
from support.tools import Missing

from counting_proxy import Counter, counting
from samlive import offline

STEPS = {
    "starting": "the account is known",
    "connected": "the relay has subscribed",
    "planned": "rewritten, packaged and planned: the deploy starts",
    "complete": "the stack is complete",
    "ready": "ready",
}
FUNCTION = """\
  Function{number}:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src{number}/
      Handler: app.handler
      Runtime: python3.11
      Environment:
        Variables:
          NUMBER: "{value}"
"""
HEAD = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
"""
CODE = "def handler(event, context):\n    return event\n"


def main() -> None:
    """Measure one function and many."""
    options = arguments(__doc__, functions=10, peers=1)
    refuse_leftovers()
    result = Result("deploy", shown(options))
    for count in sorted({1, options.functions}):
        found = Collector()
        for number in range(options.runs):
            with step(f"{count} functions, run {number + 1}"), Bench() as bench:
                found.begin()
                _one_run(bench, count, found)
        _report(result, count, found)
    if options.peers:
        _side_by_side(result, options.functions, options.runs)
    result.finish(options.results)


def _one_run(bench: Bench, count: int, found: Collector) -> None:
    template = _project(bench.folder / "shop", count)
    with offline.start(bench.folder / "cloud") as cloud:
        for name in ("first", "again"):
            session = Session(template, cloud.environment, "--stage", "bench")
            try:
                stack = _timeline(session, found, name)
                if name == "again":
                    _edit(session, template, count, found)
            finally:
                session.stop()
        found.add("bare", _bare(cloud.environment, stack))


def _project(folder: Path, count: int) -> Path:
    """Write a project; return its template."""
    template = folder / "template.yaml"
    for number in range(count):
        source = folder / f"src{number}"
        source.mkdir(parents=True)
        (source / "app.py").write_text(CODE)
    _write(template, count, 0)
    return template


def _write(template: Path, count: int, value: int) -> None:
    functions = [
        FUNCTION.format(number=number, value=0 if number else value) for number in range(count)
    ]
    template.write_text(HEAD + "".join(functions))


def _timeline(session: Session, found: Collector, name: str) -> str:
    """Note when each step was reached; return the stack's name."""
    while True:
        spent, event = session.next()
        kind = event["event"]
        if kind == "starting":
            found.add(f"{name} starting", spent)
        elif kind == "connection":
            found.add(f"{name} connected", spent)
        elif kind == "deploy" and event["status"] == "started":
            found.add(f"{name} planned", spent)
        elif kind == "deploy" and event["status"] == "complete":
            found.add(f"{name} complete", spent)
        elif kind == "ready":
            found.add(f"{name} ready", spent)
            return str(event["stack"])


def _edit(session: Session, template: Path, count: int, found: Collector) -> None:
    """Change a variable of one function and wait until the stage has it."""
    _write(template, count, 1)
    saved = time.perf_counter()
    while True:
        _, event = session.next()
        if event["event"] == "deploy" and event["status"] == "started":
            found.add("edit planned", (time.perf_counter() - saved) * 1000)
        if event["event"] == "ready":
            found.add("edit ready", (time.perf_counter() - saved) * 1000)
            return


def _bare(variables: Mapping[str, str], stack: str) -> float:
    """Create the stage's own template as another stack; return milliseconds."""
    import boto3
    from botocore.config import Config

    client: Any = boto3.session.Session().client(
        "cloudformation",
        region_name=variables["AWS_REGION"],
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(proxies={}),
    )
    body = client.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
    given = client.describe_stacks(StackName=stack)["Stacks"][0].get("Parameters", [])
    started = time.perf_counter()
    client.create_stack(
        StackName=f"{stack}-bare",
        TemplateBody=body if isinstance(body, str) else json.dumps(body),
        Parameters=[
            {"ParameterKey": each["ParameterKey"], "ParameterValue": "A" * 43} for each in given
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    while True:
        status = client.describe_stacks(StackName=f"{stack}-bare")["Stacks"][0]["StackStatus"]
        if not status.endswith("IN_PROGRESS"):
            break
        time.sleep(0.005)
    if status != "CREATE_COMPLETE":
        raise SystemExit(f"the bare stack ended as {status}")
    return (time.perf_counter() - started) * 1000


def _report(result: Result, count: int, found: Collector) -> None:
    table = result.table(
        f"A stage of {count} function{'s' if count > 1 else ''}, milliseconds since the start",
        "step",
        "first start",
        "again, nothing to deploy",
    )
    for name, title in STEPS.items():
        cells = [
            found.series(f"{start} {name}").text(0) if found.has(f"{start} {name}") else "-"
            for start in ("first", "again")
        ]
        table.add(title, *cells)
    table.notes.append(
        f"CreateStack of the rewritten template alone: {found.series('bare').text(0)} ms"
    )
    table.notes.append(
        "one variable edited while it runs: the deploy starts "
        f"{found.series('edit planned').text(0)} ms after the save, "
        f"ready {found.series('edit ready').text(0)} ms after it"
    )


def _side_by_side(result: Result, count: int, runs: int) -> None:
    """Deploy the same project with each tool; a tool that is not to be had is a visible skip."""
    found = Collector()
    tools = ["samlive dev"]
    try:
        sam.program()
        tools += ["sam build, sam deploy", "sam build, sam sync"]
    except Missing as problem:
        result.skip("sam", str(problem))
    for number in range(runs):
        with step(f"side by side, run {number + 1}"), Bench() as bench:
            found.begin()
            with (
                offline.start(bench.folder / "cloud") as cloud,
                counting(cloud.environment["AWS_ENDPOINT_URL"]) as counter,
            ):
                variables = {**cloud.environment, "AWS_ENDPOINT_URL": counter.url}
                for tool in tools:
                    folder = bench.folder / tool.replace(" ", "-").replace(",", "")
                    _tool(tool, folder, count, variables, counter, found)
    table = result.table(
        f"One stage of {count} functions, by tool, milliseconds",
        "tool",
        "first deploy",
        "nothing changed",
        "a variable changed",
        "AWS calls, nothing changed",
        "KB sent, first deploy",
    )
    for tool in tools:
        times = [found.series(f"{tool} {part}").text(0) for part in ("first", "again", "edit")]
        calls = found.series(f"{tool} calls").text(0)
        table.add(tool, *times, calls, found.series(f"{tool} sent").text(0))
    table.notes.append(
        "sam: until its commands have ended, `sam build` included. samlive: until the stage is "
        "live, for an edit from the save. Calls and bytes of the layer and of templates count."
    )


def _tool(
    tool: str,
    folder: Path,
    count: int,
    variables: Mapping[str, str],
    counter: Counter,
    found: Collector,
) -> None:
    template = _project(folder, count)
    session: Session | None = None

    def one(part: str) -> None:
        nonlocal session
        counter.clear()
        began = time.perf_counter()
        if tool != "samlive dev":
            sam.run(folder, variables, tool.rpartition(" ")[2])
            spent = (time.perf_counter() - began) * 1000
        elif session is not None and part == "edit":
            while session.next()[1]["event"] != "ready":
                pass
            spent = (time.perf_counter() - began) * 1000
        else:
            if session is not None:
                session.stop()
                counter.clear()
            session = Session(template, variables, "--stage", "bench")
            spent, _ = session.expect("ready")
        found.add(f"{tool} {part}", spent)

    sam.configure(folder, f"bench-{tool.rpartition(' ')[2]}", variables["AWS_REGION"])
    try:
        one("first")
        found.add(f"{tool} sent", counter.sent / 1024)
        one("again")
        found.add(f"{tool} calls", len(counter.calls))
        _write(template, count, 1)
        one("edit")
    finally:
        if session is not None:
            session.stop()


if __name__ == "__main__":
    main()
