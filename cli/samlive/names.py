"""Names of applications, stages and stacks: what is allowed, what is refused.

App and stage names end up in MQTT topics, client ids and IAM resources, so
they are letters, digits and hyphens (`contract.is_name`). A name that has to
be shortened carries a digest of the whole, so that two long names that begin
alike stay two.

Which names are nobody's stage is the transform's to say, as the macro needs it too.
"""

import getpass
import hashlib
import re

from samlive.errors import SamliveError
from samlive_stub import contract
from samlive_transform.stages import PRODUCTION_WORDS, looks_shared

MAX_STACK_CHARACTERS = 128
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
_DIGEST_CHARACTERS = 8
_STACK = re.compile(r"[A-Za-z][A-Za-z0-9-]*\Z")


def normalise(text: str, limit: int, prefix: str) -> str:
    """Turn any text into a name of at most `limit` characters.

    Args:
        text: What a person or a folder calls it.
        limit: Most characters of the result.
        prefix: Put in front when the text does not begin with a letter.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")
    if not name or not name[0].isalpha():
        name = f"{prefix}-{name}".strip("-")
    if len(name) <= limit:
        return name
    digest = hashlib.blake2b(text.encode(), digest_size=_DIGEST_CHARACTERS // 2).hexdigest()
    return f"{name[: limit - len(digest) - 1].rstrip('-')}-{digest}"


def app_name(text: str) -> str:
    """Turn a stack's or folder's name into an app name."""
    return normalise(text, contract.MAX_APP_CHARACTERS, "app")


def suggest_stage(user: str) -> str:
    """Suggest a stage name for a user; "dev" when the user's name is no good one."""
    local = user.partition("@")[0]
    name = normalise(local.lower(), contract.MAX_STAGE_CHARACTERS, "stage") if local else ""
    return name if name and not looks_shared(name) else "dev"


def os_user() -> str:
    """Return the name of the user who runs this process; empty when there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no entry for this uid, as in some containers
        return ""


def looks_productive(stack: str) -> bool:
    """Tell whether a stack's name reads like production."""
    return bool(set(re.split(r"[^a-z0-9]+", stack.lower())) & PRODUCTION_WORDS)


def check_stage(name: str) -> str:
    """Return the name of a stage when it is a good one.

    Raises:
        SamliveError: It is not; says why and what would be.
    """
    if not contract.is_name(name, contract.MAX_STAGE_CHARACTERS):
        raise SamliveError(
            f'"{name}" cannot be the name of a stage.',
            f"Use letters, digits and hyphens, a letter first, at most "
            f"{contract.MAX_STAGE_CHARACTERS} characters, such as "
            f"{normalise(name, contract.MAX_STAGE_CHARACTERS, 'stage')}.",
        )
    if looks_shared(name):
        raise SamliveError(
            f'The stage name "{name}" is refused: it reads like an environment that is shared '
            "or productive, and every function of a stage is replaced by a stub.",
            f"Name your own: --stage {suggest_stage(os_user())}",
        )
    return name


def check_stack(name: str) -> str:
    """Return the name of a stack when samlive may use it.

    Raises:
        SamliveError: It cannot be one, or reads like production.
    """
    if len(name) > MAX_STACK_CHARACTERS or not _STACK.match(name):
        raise SamliveError(
            f'"{name}" cannot be the name of a stack.',
            "Use letters, digits and hyphens, a letter first, at most 128 characters.",
        )
    if looks_productive(name):
        raise SamliveError(
            f'The stack "{name}" is refused: its name reads like production, and samlive would '
            "replace its functions by stubs.",
            "Leave out --stack-name to get a stack of your own, or choose another name.",
        )
    return name
