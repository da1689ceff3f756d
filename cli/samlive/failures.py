"""What becomes of an exception: words for whoever can mend it, or a short report of a bug.

    SamliveError, and the errors of the parts   their own message, hint and place
    the system's refusals (a full disk, a       the file, and what to look at
    folder that may not be written)
    everything else                             a bug; its traceback is kept in .samlive/crash.log

Nobody sees a traceback who has not asked for one with `--debug`.
"""

import errno
from pathlib import Path

from samlive.errors import SamliveError

CRASH_LOG = "crash.log"

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


class BugError(SamliveError):
    """samlive failed at something that it did not foresee."""

    exit_status = 1


def told(error: BaseException) -> SamliveError | None:
    """Return what to tell the user about an exception; None when it is a bug.

    The parts have exceptions of their own, with a message and a hint; those are
    meant for the user as well.
    """
    if isinstance(error, SamliveError):
        return error
    if isinstance(error, OSError):
        return _of_the_system(error)
    if not type(error).__module__.startswith("samlive_"):
        return None
    message, hint = getattr(error, "message", None), getattr(error, "hint", "")
    if not isinstance(message, str):
        return None
    file, line = getattr(error, "file", None), getattr(error, "line", 0)
    place = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
    return SamliveError(place + message, hint)


def _of_the_system(error: OSError) -> SamliveError | None:
    """Return what to tell about a refusal of the operating system that names a file."""
    named = f"{error.filename}: " if error.filename else ""
    if error.errno in _NO_ROOM:
        return SamliveError(f"{named}the disk is full.", "Make room there and try again.")
    if not named or isinstance(error, ConnectionError):
        return None
    if error.errno in _READ_ONLY:
        hint = "samlive has to read and write there: look at its owner and permissions."
    else:
        hint = "Look at the path, and whether everything on the way to it is there."
    return SamliveError(f"{named}{(error.strerror or 'cannot be used').lower()}.", hint)


def bug(error: BaseException, folder: Path | None = None) -> BugError:
    """Return what to tell about an exception that nobody foresaw.

    Args:
        error: The exception.
        folder: Folder of the project, whose state folder keeps the traceback if it is there.
    """
    text = str(error)
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    kept = _keep(error, folder) if folder is not None else None
    where = f"Its traceback is in {kept}" if kept else "The same command with --debug shows where"
    return BugError(
        f"samlive failed at something it did not foresee: {what}",
        f"This is a bug in samlive. {where}; please report it.",
    )


def _keep(error: BaseException, folder: Path) -> Path | None:
    """Write a traceback for the report, and return where; None when there is no place for it."""
    import traceback

    from samlive.state import Project, write_private

    root = Project(folder).root
    if not root.is_dir():
        return None
    text = "".join(traceback.format_exception(error))
    try:
        write_private(root / CRASH_LOG, text.encode(errors="replace"))
    except OSError:
        return None
    return root / CRASH_LOG
