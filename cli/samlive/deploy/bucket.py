"""The bucket for artifacts: one per account and region, private, emptied by time.

`samlive-<account>-<region>`, made when the first artifact needs it. Public
access is blocked, every call names the account that must own it (a bucket of
this name in a stranger's hands is an error, not a place for code), and objects
expire: CloudFormation reads artifacts while it deploys and copies what it
needs, so nothing has to last longer than rollbacks and the next few deploys.
Payloads too large for the broker go in a day, should nobody delete them before.
What is kept of adopted and of parked stacks lies under prefixes of its own and stays.
"""

from typing import Any

ARTIFACTS = "artifacts/"
ADOPTED = "adopted/"
PARKED = "parked/"
PAYLOADS = "payloads/"
EXPIRE_DAYS = 30
PAYLOAD_DAYS = 1
ABORT_DAYS = 1


def name(account: str, region: str) -> str:
    """Return the bucket's name."""
    return f"samlive-{account}-{region}"


def missing(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rules that a bucket of before lacks; one of ours that was changed stays so.

    Args:
        rules: Its rules.
    """
    known = {rule.get("ID") for rule in rules}
    return [rule for rule in lifecycle() if rule["ID"] not in known]


def lifecycle() -> list[dict[str, Any]]:
    """Return the bucket's lifecycle rules."""
    return [
        {
            "ID": "samlive-expire",
            "Status": "Enabled",
            "Filter": {"Prefix": ARTIFACTS},
            "Expiration": {"Days": EXPIRE_DAYS},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_DAYS},
        },
        {
            "ID": "samlive-payloads",
            "Status": "Enabled",
            "Filter": {"Prefix": PAYLOADS},
            "Expiration": {"Days": PAYLOAD_DAYS},
        },
    ]
