"""Finds out why a broker does not answer, with plain sockets.

awscrt reports nothing when the TLS handshake inside a proxy's tunnel fails: it
neither connects nor calls back. This walks the same way (name, TCP, proxy,
TLS) and says where it ends.
"""

from samlive_relay.config import Broker

from .dial import describe, dial

TIMEOUT_SECONDS = 3.0


def problem_with(broker: Broker) -> str:
    """Return what stands between this machine and the broker; "" when nothing does."""
    try:
        dial(broker, TIMEOUT_SECONDS).close()
    except OSError as problem:
        return describe(problem)
    return ""
