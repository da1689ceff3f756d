"""Writes docs/faults.md: what breaks, what must hold, and what the last whole run has shown."""

from typing import Any

STATES = {True: "reached", False: "**not reached**", None: "not measured"}
HEAD = """\
# What breaks, and what holds

Networks lose packets, brokers restart, laptops sleep, processes die.
This is what the fault-injection suite does to a session, and what came of it.
`benchmarks/faults.py --whole 1` runs it, `benchmarks/report.py` writes this page; these figures are of {tier}.

It runs on the offline cloud: a real session, the layer's own stubs in processes of their own, a broker that enforces AWS IoT's quotas and strikes faults into its deliveries.
Nothing here has reached AWS; [what is to be proved there](aws-proof.md) is listed.

| what breaks | must hold | held | figures |
|---|---|---|---|
"""
GOALS = """
## Goals

| what | goal | reached | |
|---|---|---|---|
"""
TAIL = """
*Answer once it is certain* counts from the moment in which nothing more had to happen outside: the broker was back, the stub thawed, the worker dead, the next session ready.

## What a user notices

| what happens | what callers get | what you see |
|---|---|---|
| packets are lost, come twice or late | their answers, some seconds later at the worst | nothing |
| one connection to AWS IoT breaks | their answers | nothing: others carry on |
| all break: sleep, another network, a broker that restarts | calls that wait are answered when one is back; new ones wait up to 20 seconds | *reconnecting*, then *connected* |
| the login expires | the same | which command renews it; the session goes on by itself |
| `samlive dev` is killed and started again | calls that wait are run again and answered | the start |
| it is killed and stays away | after 15 seconds the error that says so; after that, at once | |
| a worker dies | `Runtime.ExitError`, at once | its last output |
| somebody without the key writes to the stage's topics | their answers | one line for each kind of garbage |

Each failure of earlier tools that we know of has its test: `tests/faults/README.md`.
"""


def page(found: dict[str, Any]) -> str:
    """Return the page of a result.

    Args:
        found: What `faults.py` has written.
    """
    rows = [
        "| " + " | ".join((case, holds, held, figures)) + " |"
        for case, holds, held, figures, _ in found["tables"][0]["rows"]
    ]
    goals = [
        f"| {goal['what']} | {goal['wanted']} | {goal['got']} | {STATES[goal['met']]} |"
        for goal in found["goals"]
    ]
    tier = "the whole suite" if found["arguments"].get("whole") else "its small tier"
    return HEAD.format(tier=tier) + "\n".join(rows) + "\n" + GOALS + "\n".join(goals) + "\n" + TAIL
