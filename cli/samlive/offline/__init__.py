"""The embedded cloud behind `--offline`; needs the extra samlive[offline]."""

from samlive.offline.child import Offline, start

__all__ = ["Offline", "start"]
