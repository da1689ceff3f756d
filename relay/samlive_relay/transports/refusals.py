"""Tells a broker that says no from one that cannot be reached.

The first is for the user to mend, so it is answered with what to do; the second
passes by itself. awscrt's errors do not make the difference plain: a missing
permission shows as a hang-up before or after the handshake.
"""

from dataclasses import dataclass

from samlive_relay.errors import RelayError


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no, and what to do about it."""

    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.message} {self.hint}"


def of_credentials(problem: BaseException) -> Refusal:
    """Return the refusal of credentials that cannot be had.

    A `RelayError` says itself what to do, as its owner knows the profile.
    """
    if isinstance(problem, RelayError):
        return Refusal(problem.message, problem.hint)
    return Refusal(
        f"No AWS credentials: {problem}",
        "Renew them, for example by `aws sso login`; the session goes on by itself.",
    )


def of_connection(endpoint: str, reason: object, error: str) -> Refusal | None:
    """Return why a connection was not accepted; None when the broker was not reached.

    Args:
        endpoint: The broker.
        reason: Reason code of its CONNACK when it is no success; None without one.
        error: Name of awscrt's error.
    """
    connect = "Allow iot:Connect on client/samlive:* for these credentials."
    if reason is not None:
        name = getattr(reason, "name", reason)
        return Refusal(f"{endpoint} refused the connection ({name}).", connect)
    if "WEBSOCKET_UPGRADE" in error:
        return Refusal(
            f"{endpoint} refused the WebSocket handshake.",
            "Check that the credentials are valid and the clock of this machine is right.",
        )
    if "UNEXPECTED_HANGUP" in error:
        return Refusal(f"{endpoint} hung up instead of accepting the connection.", connect)
    return None


def of_subscription(endpoint: str, topic: str) -> Refusal:
    """Return the refusal of a subscription."""
    return Refusal(
        f"{endpoint} refused the subscription to {topic}.",
        "Allow iot:Subscribe and iot:Receive on samlive/*.",
    )


def of_session(endpoint: str, detail: str) -> Refusal:
    """Return the refusal of a connection that was accepted, then dropped at SUBSCRIBE.

    That is how AWS IoT says "not allowed".
    """
    return Refusal(
        f"{endpoint} ended the connection at once ({detail}).",
        "Allow iot:Subscribe and iot:Receive on samlive/*, and iot:RetainPublish.",
    )


def of_message(endpoint: str, topic: str) -> Refusal:
    """Return the refusal of a publish."""
    return Refusal(
        f"{endpoint} refused a message to {topic}.",
        "Allow iot:Publish and iot:RetainPublish on topic/samlive/*.",
    )


def unreachable(endpoint: str, problem: str) -> RelayError:
    """Return the error of a broker that cannot be reached.

    Args:
        endpoint: The broker.
        problem: What was in the way; "" when that is not known.
    """
    detail = f": {problem}" if problem else ""
    trust = " AWS_CA_BUNDLE names what to trust." if "TLS" in problem else ""
    return RelayError(
        f"{endpoint} cannot be reached{detail}.",
        f"Check the network, HTTPS_PROXY and the region.{trust}",
    )
