"""Lets events wait while nobody listens, and lets them go again.

A stub that finds no relay fails its invocation. A queue then counts a receive
and may give the message up to its dead-letter queue over a lunch break, a
stream retries until a record expires, and an asynchronous event is lost after
two retries. So a session that ends *parks* its stage:

    mappings    event source mappings of live functions are disabled; what they
                would have delivered waits where it is
    functions   those that are called asynchronously alone are held: their
                events go to a queue of the stage (`hold`)

    park        note what is there; then change it
    release     give functions back what was noted, before a deploy changes their roles
    unpark      give back all that was noted; then note what may still be in the queue
    redeliver   give the queue's events back to their functions; then forget the note

The note is written before the first change and removed after the last one, and
every way may be repeated: whatever is interrupted, the next `samlive dev`, or
`samlive unpark`, finds the note and finishes. What the user had disabled or
throttled is not noted, hence never enabled.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from samlive.deploy.aws import Aws, Identity
from samlive.deploy.destination_record import name_of
from samlive.deploy.faults import AwsError
from samlive.deploy.hold import Holding, Refused
from samlive.deploy.parked_note import Held, Note, NoteStore
from samlive.deploy.parked_queue import ParkedQueue
from samlive.deploy.redelivery import Redelivered, Redelivery

AT_ONCE = 8
_ON = ("Creating", "Enabled", "Enabling", "Updating")
_GONE = "ResourceNotFoundException"
_BUSY = "ResourceInUseException"
_PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Between attempts while a mapping is being created or changed (seconds)."""


@dataclass(frozen=True, slots=True)
class Parked:
    """How a stage was parked.

    Args:
        mappings: How many event source mappings are disabled.
        functions: How many functions are held.
        refused: Why others could not be held, by logical id.
    """

    mappings: int
    functions: int
    refused: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.mappings or self.functions)


class Parking:
    """Parks and unparks one stage.

    Args:
        aws: The account.
        note: Where it is noted.
        queue: Where events wait.
        stack: Name of the stage's stack.
    """

    def __init__(self, aws: Aws, note: NoteStore, queue: ParkedQueue, stack: str) -> None:
        self._aws = aws
        self._store = note
        self._queue = queue
        self._stack = stack
        self._holding = Holding(aws, queue.arn)

    def park(self, live: Collection[str], waiting: Collection[str] = ()) -> Parked:
        """Disable the mappings of live functions, and hold those that can wait.

        Args:
            live: Logical ids of live functions, nested ones as "Child/Function".
            waiting: Those of them whose events can wait in the queue.
        """
        found = _Found(dict(self._resources(self._stack, "")))
        noted = self._store.read()
        enabled = self._enabled(found.mappings, {found.functions.get(id) for id in live})
        held, refused = self._look(found, waiting, {each.name for each in noted.functions})
        note = Note(
            tuple(sorted({*noted.mappings, *enabled})),
            (*noted.functions, *held.values()),
            tuple(sorted({*noted.waiting, *(each.name for each in held.values())})),
        )
        if not note:
            return Parked(0, 0, refused)
        if enabled or held:
            self._store.write(note)
        self._set(enabled, enabled=False)
        ids = {name: id for id, name in found.functions.items()}
        late = self._hold(note.functions, ids, lambda: self._store.read() == note)
        if self._store.read() != note:  # another session has begun: it listens, so nothing waits
            self._set(enabled, enabled=True)
            self._at_once(self._holding.release, held.values())
            return Parked(0, 0, refused)
        if late:
            kept = tuple(each for each in note.functions if each.name not in late)
            names = tuple(n for n in note.waiting if n not in late or n in noted.waiting)
            note = replace(note, functions=kept, waiting=names)
            self._store.write(note)
            refused |= dict(late.values())
        return Parked(len(note.mappings), len(note.functions), refused)

    def release(self) -> bool:
        """Give functions back what they had; tell whether there were any."""
        noted = self._store.read()
        if noted.functions:
            self._at_once(self._holding.release, noted.functions)
            self._store.write(replace(noted, functions=()))
        return bool(noted.functions)

    def unpark(self) -> Note:
        """Give back what was parked; return the note of it.

        Its events are not given back, as that is only good once somebody listens.
        """
        noted = self._store.read()
        if noted.mappings or noted.functions:
            self._set(noted.mappings, enabled=True)
            self._at_once(self._holding.release, noted.functions)
            self._store.write(Note(waiting=noted.waiting))
        return noted

    def redeliver(
        self,
        noted: Note,
        stop: threading.Event,
        quiet: float,
        told: Callable[[int], None] = lambda count: None,
    ) -> Redelivered:
        """Give waiting events to their functions; see `Redelivery`.

        Args:
            noted: The note of the stage that was unparked.
            stop: Set when it has to end.
            quiet: How long the queue must stay empty (seconds).
            told: Takes how many events were given back, after each batch.
        """
        url = self._queue.url() if noted.waiting else None
        if url is None:
            done = Redelivered(0, (), True)
        else:
            done = Redelivery(self._aws, url, noted.waiting).run(stop, quiet, told)
        if noted.waiting and done.emptied and not done.left:
            self._store.write(Note())
        return done

    def waiting(self, sure: bool = False) -> tuple[int, tuple[str, ...]]:
        """Return how many events wait, and names of functions that they are for.

        Args:
            sure: Wait for events that are hidden for the moment.
        """
        return self._queue.content(sure)

    def forget(self) -> None:
        """Delete the queue and the note of a stage that is gone."""
        self._queue.delete()
        if self._store.read():
            self._store.write(Note())

    # --- mappings ---------------------------------------------------------

    def _enabled(self, mappings: list[str], names: set[str | None]) -> list[str]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            states = zip(mappings, pool.map(self._aws.mapping, mappings), strict=True)
            return [
                uuid
                for uuid, found in states
                if found and name_of(found["FunctionArn"]) in names and found["State"] in _ON
            ]

    def _set(self, uuids: Iterable[str], enabled: bool) -> None:
        self._at_once(lambda uuid: self._switch(uuid, enabled), uuids)

    def _switch(self, uuid: str, enabled: bool) -> None:
        for pause in (*_PAUSES, None):
            try:
                self._aws.enable_mapping(uuid, enabled)
                return
            except AwsError as error:
                if error.code == _GONE:
                    return  # a redeploy or the user removed it: nothing waits there any more
                if error.code != _BUSY or pause is None:
                    raise
            time.sleep(pause)

    # --- functions --------------------------------------------------------

    def _look(
        self, found: "_Found", waiting: Collection[str], noted: Collection[str]
    ) -> tuple[dict[str, Held], dict[str, str]]:
        """Return the functions to hold as they are now, and why others cannot be."""
        wanted = {id: found.functions[id] for id in waiting if id in found.functions}
        held: dict[str, Held] = {}
        refused: dict[str, str] = {}

        def look(id: str) -> None:
            try:
                now = self._holding.look(wanted[id], found.qualifiers.get(wanted[id], ()))
                if now is not None:
                    held[id] = now
            except Refused as problem:
                refused[id] = str(problem)

        self._at_once(look, [id for id, name in wanted.items() if name not in noted])
        return held, refused

    def _hold(
        self, functions: Collection[Held], ids: Mapping[str, str], ours: Callable[[], bool]
    ) -> dict[str, tuple[str, str]]:
        """Hold functions; return (logical id, why not) of those that refuse, by name.

        Args:
            functions: As they are now.
            ids: Their logical ids by name.
            ours: Tells whether the stage is still ours to park.
        """
        refused: dict[str, tuple[str, str]] = {}

        def attempt(work: Callable[[Held], None], held: Held) -> None:
            try:
                if held.name not in refused:
                    work(held)
            except Refused as problem:
                refused[held.name] = (ids.get(held.name, held.name), str(problem))

        try:
            if functions:
                self._queue.make()
        except AwsError as error:  # it was deleted a minute ago, or may not be made
            self._at_once(self._holding.release, functions)
            reason = f"the stage's queue cannot be made: {error.message}"
            return {each.name: (ids.get(each.name, each.name), reason) for each in functions}
        # One after the other: destinations take a moment until they are in force.
        self._at_once(partial(attempt, self._holding.divert), functions)
        if functions and ours():
            self._at_once(partial(attempt, self._holding.stop), functions)
        return refused

    # --- how --------------------------------------------------------------

    def _at_once(self, work: Callable[[Any], None], items: Iterable[Any]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(work, item) for item in items]:
                done.result()

    def _resources(self, stack: str, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for resource in self._aws.stack_resources(stack):
            logical_id = f"{path}{resource['LogicalResourceId']}"
            if not resource.get("PhysicalResourceId"):
                continue
            if resource["ResourceType"] == "AWS::CloudFormation::Stack":
                yield from self._resources(resource["PhysicalResourceId"], f"{logical_id}/")
            else:
                yield logical_id, resource


class _Found:
    """What a stack holds that matters here.

    Args:
        resources: Its resources by logical id.
    """

    def __init__(self, resources: Mapping[str, Mapping[str, Any]]) -> None:
        self.functions: dict[str, str] = {}
        self.mappings: list[str] = []
        self.qualifiers: dict[str, list[str]] = {}
        for logical_id, resource in resources.items():
            kind, physical = resource["ResourceType"], str(resource["PhysicalResourceId"])
            if kind == "AWS::Lambda::Function":
                self.functions[logical_id] = physical
            elif kind == "AWS::Lambda::EventSourceMapping":
                self.mappings.append(physical)
            elif kind in ("AWS::Lambda::Alias", "AWS::Lambda::Version"):
                qualifier = physical.rpartition(":")[2]
                self.qualifiers.setdefault(name_of(physical), []).append(qualifier)


def of_stage(aws: Aws, identity: Identity, app: str, stage: str, stack: str) -> Parking:
    """Return how a stage is parked.

    Args:
        aws: The account.
        identity: Who we are in it.
        app: Name of the application.
        stage: Name of the stage.
        stack: Name of the stage's stack.
    """
    note = NoteStore(aws, identity.account, app, stage, stack)
    queue = ParkedQueue(aws, identity.account, identity.partition, app, stage)
    return Parking(aws, note, queue, stack)


def noted(aws: Aws, identity: Identity, app: str, stage: str, stack: str) -> Note:
    """Return what is noted of a parked stage, without touching anything; see `of_stage`."""
    return NoteStore(aws, identity.account, app, stage, stack).read()
