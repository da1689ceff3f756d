"""The IoT broker: AWS's limits in front of it, faults behind it.

Every packet passes `_dispatch_packet` on its way in and every delivery
`deliver_to_client` on its way out, for MQTT 3.1.1 and 5, so these two are
wrapped. What breaks a limit is noted in the ledger and treated as AWS treats
it: a packet that is too large or has too many parts closes the connection,
one that comes too fast is discarded.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Any

from samlive.offline.mqtt import faults, packets, quotas

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

REQUIRES = (
    "ministack.services.iot:_WSSession._dispatch_packet",
    "ministack.services.iot:_WSSession.deliver_to_client",
    "ministack.services.iot:_delivery_retain",
)
_CLOSE, _DISCARD, _PASS = False, True, None
_late: set[asyncio.Task[None]] = set()


def install(parts: "Parts") -> None:
    """Wrap both ways through a session."""
    from ministack.services import iot

    session_type = iot._WSSession
    dispatch, deliver = session_type._dispatch_packet, session_type.deliver_to_client

    async def guarded_dispatch(session: Any, kind: int, flags: int, body: bytes) -> bool:
        verdict = _judge(parts, session, kind, flags, body)
        if verdict is not _PASS:
            return verdict
        accepted: bool = await dispatch(session, kind, flags, body)
        if kind == packets.CONNECT and (found := quotas.client_id_breach(session._client_id)):
            parts.ledger.note("connect", session._client_id, found)
            return _CLOSE
        return accepted

    async def guarded_deliver(session: Any, topic: str, payload: bytes, qos: int) -> None:
        if topic.startswith("$"):
            await deliver(session, topic, payload, qos)
            return
        # A retained message that answers a subscription does not travel with others.
        replayed = iot._delivery_retain.get()
        fault = None if replayed else parts.faults.strike(topic, "drop", "repeat", "reorder")
        if fault == "drop" or _too_fast(parts, session, "in", len(topic) + len(payload)):
            return
        if fault == "reorder":
            _hold_back(deliver(session, topic, payload, qos))
            return
        await deliver(session, topic, payload, qos)
        if fault == "repeat":
            await deliver(session, topic, payload, qos)

    session_type._dispatch_packet = guarded_dispatch
    session_type.deliver_to_client = guarded_deliver


def _judge(parts: "Parts", session: Any, kind: int, flags: int, body: bytes) -> bool | None:
    if kind == packets.PUBLISH:
        return _judge_publish(parts, session, flags, body)
    if kind == packets.SUBSCRIBE:
        filters = packets.read_filters(body, session.protocol_version)
        breach = quotas.subscribe_breach(len(filters), len(session._sub_ids))
        breach = breach or next(filter(None, map(quotas.topic_breach, filters)), None)
        if breach:
            parts.ledger.note("subscribe", session._client_id, breach)
            return _CLOSE
    return _PASS


def _judge_publish(parts: "Parts", session: Any, flags: int, body: bytes) -> bool | None:
    publish = packets.read_publish(flags, body, session.protocol_version)
    breach = quotas.topic_breach(publish.topic) or quotas.payload_breach(publish.payload)
    if breach:
        parts.ledger.note("publish", session._client_id, breach)
        return _CLOSE
    if _too_fast(parts, session, "out", len(body)):
        return _DISCARD
    if parts.faults.strike(publish.topic, "disconnect"):
        return _CLOSE
    return _PASS


def _too_fast(parts: "Parts", session: Any, direction: str, size: int) -> bool:
    window = session.__dict__.setdefault("_samlive_window", quotas.RateWindow())
    breach = window.breach(time.monotonic(), size)
    if breach:
        parts.ledger.note("rate", session._client_id, f"{breach} ({direction})")
    return breach is not None


def _hold_back(delivery: Any) -> None:
    async def later() -> None:
        await asyncio.sleep(faults.LATE_SECONDS)
        await delivery

    task = asyncio.get_running_loop().create_task(later())
    _late.add(task)
    task.add_done_callback(_late.discard)
