"""Remembers this project's session, to know a crashed one from a live rival.

A killed relay leaves "here" behind until its will fires, up to 45 seconds. When
that session was ours and its process is gone, the next start need not ask for
a take-over.
"""

import json
import os
from pathlib import Path

NAME = "session.json"


def remember(state: Path, session: str) -> None:
    """Note the running session in the state folder."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = state / NAME
    fresh = path.with_suffix(".new")
    with open(fresh, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        json.dump({"session": session, "pid": os.getpid()}, file)
    os.replace(fresh, path)


def forget(state: Path, session: str) -> None:
    """Remove the note when it is this session's."""
    if _read(state).get("session") == session:
        (state / NAME).unlink(missing_ok=True)


def is_dead(state: Path, session: str) -> bool:
    """Tell whether a session was started from this state folder and has died since."""
    noted = _read(state)
    if noted.get("session") != session:
        return False
    try:
        os.kill(int(str(noted.get("pid"))), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        return False
    return False


def _read(state: Path) -> dict[str, object]:
    try:
        noted = json.loads((state / NAME).read_text())
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}
