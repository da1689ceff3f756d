"""Lets a function's asynchronous events wait in the stage's queue, and gives back what was.

A function whose reserved concurrency is 0 runs nothing: Lambda sends each new
event to the on-failure destination at once, without a retry, and loses it when
there is none. So the order is the point:

    divert     set the destination, on the function and on each version and
               alias of the stack
    stop       then set the concurrency to 0
    release    give back the concurrency, then the destinations

All may be repeated. What somebody else changed in between stays: only a
concurrency of 0, and only a destination that is the stage's queue, are taken back.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import time
from collections.abc import Callable, Collection
from typing import Any

from samlive.deploy.aws import Aws
from samlive.deploy.faults import AwsError
from samlive.deploy.parked_note import Held

_GONE = "ResourceNotFoundException"
_BUSY = ("ResourceConflictException", "TooManyRequestsException")
_REFUSED = "InvalidParameterValueException"
_PAUSES = (0.5, 1.0, 2.0)
"""Between attempts while a function is being changed, or its queue is new (seconds)."""


class Refused(Exception):
    """Events of a function cannot wait; says why, in the user's words."""


class Holding:
    """Holds functions and releases them.

    Args:
        aws: The account.
        queue: ARN of the queue in which events wait.
    """

    def __init__(self, aws: Aws, queue: str) -> None:
        self._aws = aws
        self._queue = queue

    def look(self, name: str, qualifiers: Collection[str]) -> Held | None:
        """Return how a function is now; None when it is throttled by its owner, or gone.

        Args:
            name: Its physical name.
            qualifiers: Its versions and aliases, "" for the newest version.

        Raises:
            Refused: Its failed events have a place already, or you may not change it.
        """
        try:
            concurrency = self._aws.reserved_concurrency(name)
            configs = self._aws.event_configs(name)
        except AwsError as error:
            if error.code == _GONE:
                return None
            if error.denied:
                raise Refused(error.message) from error
            raise
        if concurrency == 0:
            return None
        before = {each: self._without_ours(configs.get(each)) for each in ("", *qualifiers)}
        if any(_destination(config) for config in before.values()):
            raise Refused("its failed events go to a destination of its own")
        return Held(name, concurrency, before)

    def divert(self, held: Held) -> None:
        """Send a function's failed events to the queue.

        Raises:
            Refused: Its role may not use the queue, or you may not change it;
                everything is as it was before.
        """
        self._or_refuse(held, self._divert)

    def stop(self, held: Held) -> None:
        """Run a function no more, once its failed events go to the queue.

        Raises:
            Refused: You may not change it; everything is as it was before.
        """
        self._or_refuse(held, lambda each: self._reserve(each.name, 0))

    def _or_refuse(self, held: Held, work: Callable[[Held], None]) -> None:
        try:
            work(held)
        except AwsError as error:
            if not error.denied and error.code != _REFUSED:
                raise
            self.release(held)
            reason = f"its role may not send to the queue ({error.message})"
            raise Refused(error.message if error.denied else reason) from error

    def _divert(self, held: Held) -> None:
        for qualifier, before in held.configs.items():
            config = dict(before or {})
            places = {**config.get("DestinationConfig", {}), "OnFailure": self._ours}
            config["DestinationConfig"] = places
            try:
                self._set(held.name, qualifier, config, (*_BUSY, _REFUSED))
            except AwsError as error:
                if error.code != _GONE:
                    raise

    def release(self, held: Held) -> None:
        """Give a function back what it had."""
        try:
            if self._aws.reserved_concurrency(held.name) == 0:
                self._reserve(held.name, held.concurrency)
            configs = self._aws.event_configs(held.name)
        except AwsError as error:
            if error.code == _GONE:
                return  # a redeploy or the user removed it
            raise
        for qualifier, before in held.configs.items():
            if _destination(configs.get(qualifier)) == self._queue:
                self._set(held.name, qualifier, before, _BUSY)

    @property
    def _ours(self) -> dict[str, str]:
        return {"Destination": self._queue}

    def _set(
        self, name: str, qualifier: str, config: dict[str, Any] | None, codes: Collection[str]
    ) -> None:
        _patiently(lambda: self._aws.set_event_config(name, qualifier, config), codes)

    def _reserve(self, name: str, count: int | None) -> None:
        try:
            _patiently(lambda: self._aws.reserve_concurrency(name, count), _BUSY)
        except AwsError as error:
            if error.code != _GONE:
                raise

    def _without_ours(self, config: dict[str, Any] | None) -> dict[str, Any] | None:
        """Return a config as its owner made it, in case a note was lost."""
        if config is None or _destination(config) != self._queue:
            return config
        places = {**config["DestinationConfig"], "OnFailure": {}}
        kept = {**config, "DestinationConfig": places}
        return kept if places.get("OnSuccess") or len(config) > 1 else None


def _destination(config: dict[str, Any] | None) -> str:
    places = (config or {}).get("DestinationConfig") or {}
    return str((places.get("OnFailure") or {}).get("Destination", ""))


def _patiently(work: Callable[[], None], codes: Collection[str]) -> None:
    """Do something, again after a pause when AWS refuses it with one of these codes."""
    for pause in _PAUSES:
        try:
            work()
            return
        except AwsError as error:
            if error.code not in codes:
                raise
        time.sleep(pause)
    work()
