"""The rules, in the order in which they are applied: each reads what those before it made."""

from samlive_transform.rules import (
    alias,
    environment,
    loops,
    macro,
    names,
    nested,
    network,
    permissions,
    queues,
    retries,
    stub,
    timeout,
)
from samlive_transform.view import Rule

RULES: tuple[tuple[str, Rule], ...] = (
    ("stub", stub.rule),
    ("alias", alias.rule),
    ("timeout", timeout.rule),
    ("queues", queues.rule),
    ("environment", environment.rule),
    ("permissions", permissions.rule),
    ("network", network.rule),
    ("retries", retries.rule),
    ("names", names.rule),
    ("nested", nested.rule),
    ("loops", loops.rule),
    ("macro", macro.rule),
)
