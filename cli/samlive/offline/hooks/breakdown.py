"""Connections of the broker that a test breaks: cut, made mute, or all of them gone.

A client that is cut or made mute has lost its connection, so its will is sent
when the connection ends, as by AWS. A broker that goes down sends nothing, and
forgets its retained messages and stored sessions.

The emulator serves a connection in a task that waits for the client's next
bytes. To end it from here the task is cancelled: it cleans up and hangs up, as
it does when the client is gone.
"""

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samlive.offline.hooks import Parts

REQUIRES = (
    "ministack.services.iot:_WSSession.__init__",
    "ministack.services.iot:_WSSession._dispatch_packet",
    "ministack.services.iot:_WSSession.deliver_to_client",
    "ministack.services.iot:_connected_clients",
    "ministack.services.iot:_persistent_sessions",
    "ministack.services.iot:_retained",
    "ministack.services.iot:handle_websocket",
)
_MUTE, _CUT, _TASK = "_samlive_mute", "_samlive_cut", "_samlive_task"


def install(parts: "Parts") -> None:
    """Wrap both ways through a session, and hand out what breaks them."""
    from ministack.services import iot

    _wrap_session(iot._WSSession)
    _wrap_handler(iot)

    def cut(prefix: str) -> int:
        return sum(map(_cut, _clients(iot, prefix)))

    def mute(prefix: str) -> int:
        found = _clients(iot, prefix)
        for session in found:
            setattr(session, _MUTE, True)
        return len(found)

    def crash() -> None:
        for session in _clients(iot, ""):
            session._will_topic = None
            _cut(session)
        iot._retained.clear()
        iot._persistent_sessions.clear()

    parts.breakdown.cut, parts.breakdown.mute = cut, mute
    parts.breakdown.crashed.append(crash)


def _wrap_session(session_type: Any) -> None:
    begin = session_type.__init__
    dispatch, deliver = session_type._dispatch_packet, session_type.deliver_to_client

    def begun(session: Any, *arguments: Any, **named: Any) -> None:
        begin(session, *arguments, **named)
        setattr(session, _TASK, asyncio.current_task())

    async def heard(session: Any, kind: int, flags: int, body: bytes) -> bool:
        if _MUTE in session.__dict__:
            return True
        accepted: bool = await dispatch(session, kind, flags, body)
        return accepted

    async def told(session: Any, topic: str, payload: bytes, qos: int) -> None:
        if _MUTE not in session.__dict__:
            await deliver(session, topic, payload, qos)

    session_type.__init__ = begun
    session_type._dispatch_packet = heard
    session_type.deliver_to_client = told


def _wrap_handler(iot: Any) -> None:
    handle = iot.handle_websocket

    async def handled(*arguments: Any) -> None:
        try:
            await handle(*arguments)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or not getattr(task, _CUT, False):
                raise
            task.uncancel()

    iot.handle_websocket = handled


def _clients(iot: Any, prefix: str) -> list[Any]:
    sessions = iot._connected_clients.items()
    return [session for (_, _, client), session in sessions if client.startswith(prefix)]


def _cut(session: Any) -> int:
    task = getattr(session, _TASK)
    setattr(task, _CUT, True)
    return int(task.cancel())
