"""The rules, in the order in which they are applied: each reads what those before it made."""

from samlive_transform.rules import environment, network, permissions, stub, timeout
from samlive_transform.view import Rule

RULES: tuple[tuple[str, Rule], ...] = (
    ("stub", stub.rule),
    ("timeout", timeout.rule),
    ("environment", environment.rule),
    ("permissions", permissions.rule),
    ("network", network.rule),
)
