"""The stage's key: 32 random bytes that seal every message of the stage.

It is made once per stage and travels as a NoEcho parameter of the stack. The
file in `.samlive/` (mode 0600) is a copy; another machine, or a folder that was
cleaned, reads it back from a live function, whose configuration holds it.
An output of the stack carries a digest of the key, so that a copy of another
stack's key is noticed before a message is sealed with it.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from samlive.deploy.faults import AwsError
from samlive.state import StageState
from samlive_stub import contract

if TYPE_CHECKING:
    from samlive.deploy.aws import Aws

KEY_BYTES = 32


def new() -> str:
    """Return a new key as base64url without padding."""
    return encode(secrets.token_bytes(KEY_BYTES))


def encode(key: bytes) -> str:
    """Return a key as the text that parameters and variables hold."""
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of a key.

    Raises:
        ValueError: The text is no key.
    """
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if len(key) != KEY_BYTES:
        raise ValueError(f"{len(key)} bytes instead of {KEY_BYTES}")
    return key


def digest(text: str) -> str:
    """Return what may be public of a key: enough to tell two apart."""
    return hashlib.blake2b(text.encode(), digest_size=8, person=b"samlive-key").hexdigest()


def for_stage(
    aws: "Aws", stack: Mapping[str, Any] | None, known: str | None, state: StageState
) -> tuple[str, bool]:
    """Return the stage's key, and whether the stack has it already.

    Args:
        aws: The account.
        stack: The stage's stack; None when there is none yet.
        known: The key's digest as the stack has it.
        state: Where the copy is kept.
    """
    kept = _valid(state.key)
    if stack is None or known is None:
        key = kept or new()
        state.keep_key(key)
        return key, False
    if kept and digest(kept) == known:
        return kept, True
    found = _read_back(aws, str(stack["StackName"]))
    if found and digest(found) == known:
        state.keep_key(found)
        return found, True
    key = new()
    state.keep_key(key)
    return key, False


def _valid(text: str | None) -> str | None:
    try:
        return text if text and decode(text) else None
    except ValueError:
        return None


def _read_back(aws: "Aws", stack: str) -> str | None:
    for name in _functions(aws.stack_resources(stack)):
        try:
            variables = aws.function_variables(name)
        except AwsError:
            continue
        if contract.VARIABLE in variables:
            try:
                return _valid(contract.Settings.decode(variables[contract.VARIABLE]).key)
            except ValueError:
                continue
    return None


def _functions(resources: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for resource in resources:
        if resource["ResourceType"] == "AWS::Lambda::Function":
            if resource.get("PhysicalResourceId"):
                yield str(resource["PhysicalResourceId"])
