"""The IAM user whose credentials the cloud hands out: a developer, not root.

The emulator takes the key "test" for root, and root may do everything. An
offline run with root keys would hide every permission that a developer's real
user lacks. So the cloud makes the user `developer` with two policies:

- "samlive": the very one that the README tells people to attach in AWS;
- "project": what a developer of the project has anyway, to send to its queues
  and call its functions. It covers nothing that samlive itself calls
  (CloudFormation, IoT, layers, its bucket), so that a permission missing from
  the first one shows.
"""

import importlib.resources
import json
import secrets
import string
from dataclasses import dataclass, field

from samlive.errors import SamliveError
from samlive.offline.settings import ACCOUNT

USER = "developer"
POLICY_TEMPLATE = "policy/developer.json.j2"
REQUIRES = (
    "ministack.services.iam:_create_user",
    "ministack.services.iam:_put_user_policy",
    "ministack.services.iam:_access_keys",
)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A long-lived key of the developer user."""

    id: str
    secret: str = field(repr=False)


def new_key() -> AccessKey:
    """Return a key in AWS's form, new for every cloud."""
    alphabet = string.ascii_uppercase + string.digits
    suffix = "".join(secrets.choice(alphabet) for _ in range(16))
    return AccessKey(f"AKIA{suffix}", secrets.token_urlsafe(30))


def policies(region: str) -> dict[str, str]:
    """Return the developer's policies for the offline account, JSON by name.

    Args:
        region: Region of the user's stacks.

    Raises:
        SamliveError: The rendered text is no JSON.
    """
    from samlive_templates import render

    text = render(POLICY_TEMPLATE, account=ACCOUNT, region=region, partition="aws")
    try:
        json.loads(text)
    except ValueError as error:
        raise SamliveError(f"{POLICY_TEMPLATE} does not render to JSON: {error}") from None
    project = importlib.resources.files("samlive.offline").joinpath("project_policy.json")
    return {"samlive": text, "project": project.read_text(encoding="utf-8")}


def create_developer(key: AccessKey, documents: dict[str, str]) -> None:
    """Make the user, its policies and its key inside the emulator.

    Args:
        key: The key it gets.
        documents: Its policies, JSON by name.

    Raises:
        SamliveError: The emulator refuses; says why.
    """
    from ministack.core.responses import set_request_account_id
    from ministack.services import iam

    set_request_account_id(ACCOUNT)
    _accepted(iam._create_user({"UserName": USER}))
    for name, document in documents.items():
        parameters = {"UserName": USER, "PolicyName": name, "PolicyDocument": document}
        _accepted(iam._put_user_policy(parameters))
    iam._access_keys[key.id] = {
        "UserName": USER,
        "AccessKeyId": key.id,
        "SecretAccessKey": key.secret,
        "Status": "Active",
        "CreateDate": iam._now(),
    }


def _accepted(reply: tuple[int, object, bytes]) -> None:
    if reply[0] != 200:
        raise SamliveError(f"The offline cloud could not make its IAM user: {reply[2]!r}")
