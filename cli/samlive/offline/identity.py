"""The IAM user whose credentials the cloud hands out: a developer, not root.

The emulator takes the key "test" for root, and root may do everything. An
offline run with root keys would hide every permission that a developer's real
user lacks. So the cloud makes the user `developer` with the very policy that
the README tells people to attach in AWS, and hands out that user's key.
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


def policy(region: str) -> str:
    """Render the developer's policy for the offline account.

    Args:
        region: Region of the user's stacks.

    Raises:
        SamliveError: The rendered text is no JSON.
    """
    from jinja2 import Environment, StrictUndefined

    source = importlib.resources.files("samlive_templates").joinpath(POLICY_TEMPLATE)
    template = Environment(undefined=StrictUndefined, autoescape=False).from_string(
        source.read_text(encoding="utf-8")
    )
    text = template.render(account=ACCOUNT, region=region, partition="aws")
    try:
        json.loads(text)
    except ValueError as error:
        raise SamliveError(f"{POLICY_TEMPLATE} does not render to JSON: {error}") from None
    return text


def create_developer(key: AccessKey, document: str) -> None:
    """Make the user, its policy and its key inside the emulator.

    Args:
        key: The key it gets.
        document: Its policy, JSON.

    Raises:
        SamliveError: The emulator refuses; says why.
    """
    from ministack.core.responses import set_request_account_id
    from ministack.services import iam

    set_request_account_id(ACCOUNT)
    parameters = {"UserName": USER, "PolicyName": "samlive", "PolicyDocument": document}
    for call in (iam._create_user, iam._put_user_policy):
        status, _, body = call(parameters)
        if status != 200:
            raise SamliveError(f"The offline cloud could not make its IAM user: {body!r}")
    iam._access_keys[key.id] = {
        "UserName": USER,
        "AccessKeyId": key.id,
        "SecretAccessKey": key.secret,
        "Status": "Active",
        "CreateDate": iam._now(),
    }
