"""`samlive doctor`: looks at everything a session needs; each finding comes with its fix.

The checks are independent: one that fails does not hide the others, and one that
cannot be made without the other says so. Exit status 0 when a session would
work, 1 otherwise.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from samlive import output
from samlive.checkup import account, broker, machine, permissions, stages
from samlive.checkup.finding import Finding, found
from samlive.checkup.patient import Patient
from samlive.settings import Settings

CHECKS: dict[str, Callable[[Patient], Iterable[Finding]]] = {
    "settings": machine.settings,
    "template": machine.template,
    "tools": machine.toolchains,
    "offline": machine.offline,
    "region": account.region,
    "credentials": account.credentials,
    "clock": account.clock,
    "permissions": permissions.check,
    "iot": broker.check,
    "stage": stages.chosen,
    "parked": stages.parked,
    "orphans": stages.orphans,
}


def run(settings: Settings, environment: Mapping[str, str]) -> int:
    """Check everything; return the exit status.

    Args:
        settings: What the user wants.
        environment: Environment variables.
    """
    out = output.make(settings.output)
    patient = Patient(settings, environment)
    good = True
    for name, check in CHECKS.items():
        for finding in found(name, partial(check, patient)):
            good = good and finding.state != "fail"
            out.tell(
                "check",
                name=finding.name,
                state=finding.state,
                ok=finding.state != "fail",
                text=finding.text,
                hint=finding.hint,
            )
    return 0 if good else 1
