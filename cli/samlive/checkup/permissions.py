"""What the developer may do: samlive's own policy, asked of IAM's simulator.

Each statement of the policy on the permissions page is one question, and what is denied is named
with what it is for. The simulator needs a permission of its own; without it, nothing is said to
be wrong. It knows nothing of service control policies and session policies.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from samlive.checkup.finding import Finding
from samlive.checkup.patient import Patient
from samlive.deploy.faults import AwsError

NAME = "permissions"
OPTIONAL = frozenset(("Doctor", "TakenNames"))
AT_ONCE = 4


def check(patient: Patient) -> Iterator[Finding]:
    """Which of samlive's calls IAM would refuse."""
    who = patient.needs_account()
    source = patient.aws.principal(who)
    if source is None:
        yield Finding(NAME, "skip", "not simulated: the account's root user may do everything")
        return
    statements = _statements(who.partition, who.account, patient.region)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [(each, pool.submit(_denied, patient, source, each)) for each in statements]
        try:
            answers = [(each, done.result()) for each, done in asked]
        except AwsError as error:
            yield Finding(NAME, "skip", f"not simulated: {error.message.rstrip('.')}")
            return
    refused = [(each["Sid"], denied) for each, denied in answers if denied]
    for sid, denied in refused:
        yield Finding(
            NAME,
            "note" if sid in OPTIONAL else "fail",
            f"you may not call {', '.join(denied)} ({sid})",
            "docs/aws-permissions.md has the policy, and says what each statement is for.",
        )
    if not refused:
        yield Finding(NAME, "ok", "IAM allows everything that samlive itself calls")


def _statements(partition: str, account: str, region: str) -> list[dict[str, Any]]:
    from samlive_templates import render

    values = {"partition": partition, "account": account, "region": region}
    found: list[dict[str, Any]] = json.loads(render("policy/developer.json.j2", **values))[
        "Statement"
    ]
    return found


def _denied(patient: Patient, source: str, statement: dict[str, Any]) -> list[str]:
    actions, resources = statement["Action"], statement["Resource"]
    return patient.aws.simulate(
        source,
        [actions] if isinstance(actions, str) else actions,
        [resources] if isinstance(resources, str) else resources,
    )
