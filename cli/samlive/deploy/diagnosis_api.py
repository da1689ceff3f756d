"""Calls that `samlive doctor` alone makes: the clock of AWS, what a principal may do."""

import datetime
import email.utils
from typing import Any

from samlive.deploy.clients import Clients
from samlive.deploy.faults import AwsError
from samlive.deploy.identity import Identity


class DiagnosisApi(Clients):
    """What samlive asks when something is wrong."""

    def credentials_origin(self) -> tuple[str, datetime.datetime | None]:
        """Return where the credentials come from, and until when they live, if that is known."""
        with self._told("credentials"):
            found = self._session.get_credentials()
            if found is None:
                return "none", None
            found.get_frozen_credentials()  # else what is renewed lazily looks expired
        return str(found.method), getattr(found, "_expiry_time", None)

    def clock_skew(self) -> float | None:
        """Return how far this machine's clock is ahead of AWS's (seconds), by an answer's date."""
        answer = self._call("sts", "get_caller_identity")
        date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
        if not date:
            return None
        there = email.utils.parsedate_to_datetime(date)
        return (datetime.datetime.now(datetime.UTC) - there).total_seconds()

    def principal(self, who: Identity) -> str | None:
        """Return the ARN whose policies count; None for the root user.

        Args:
            who: Who AWS says we are; a role's session is told by the role's name alone.
        """
        kind, _, rest = who.arn.split(":", 5)[5].partition("/")
        if kind == "root":
            return None
        if kind != "assumed-role":
            return who.arn
        role = rest.partition("/")[0]
        try:
            return str(self._call("iam", "get_role", RoleName=role)["Role"]["Arn"])
        except AwsError:  # its path stays unknown, which is right for most
            return f"arn:{who.partition}:iam::{who.account}:role/{role}"

    def simulate(self, source: str, actions: list[str], resources: list[str]) -> list[str]:
        """Return the actions that are denied (SimulatePrincipalPolicy).

        Args:
            source: ARN of the user or role.
            actions: Actions that are asked about.
            resources: ARNs they would be done to.
        """
        denied: dict[str, None] = {}
        marker: dict[str, Any] = {}
        while True:
            answer = self._call(
                "iam",
                "simulate_principal_policy",
                PolicySourceArn=source,
                ActionNames=actions,
                ResourceArns=resources,
                **marker,
            )
            for each in answer["EvaluationResults"]:
                if each["EvalDecision"] != "allowed":
                    denied[each["EvalActionName"]] = None
            if not answer.get("IsTruncated"):
                return list(denied)
            marker = {"Marker": answer["Marker"]}
