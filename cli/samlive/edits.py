"""What a session serves, and how edits of template and settings get into it.

    files change and come to rest -> read, rewrite, plan
        nothing to deploy   the functions are taken over; the next call runs them
        something           old and new functions are served while it is deployed
        no good             everything stays as it was, and the reason is told

Invocations go on meanwhile: what blocks runs in a thread.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from samlive import build_command, debug_ports, edit_page
from samlive.deploy.pace import Interrupted
from samlive.output import Output
from samlive.rewriting import options, read, rewrite
from samlive.settings import Settings
from samlive.state import StageState
from samlive.template_watch import Marks, changed, marks

if TYPE_CHECKING:
    from samlive.deployment import Deployment
    from samlive.layer_cache import LayerCache
    from samlive_relay.config import LocalFunction
    from samlive_relay.relay import Relay
    from samlive_transform import Options, Result, Source

_DESCRIPTIVE = ("template", "include", "definition", "file")
"""Kinds of artifacts that are part of the infrastructure's description."""


_PACKED = ("function", "layer", "image")
"""Kinds whose content is deployed: code of kept functions and what they use."""

_MOST_FILES = 500
"""A folder with more files is no place to edit in by hand; looking at it would cost too much."""

_PLAUSIBLE_SECONDS = 10.0
"""Files that seem older were moved here, or a file server's clock is another."""


class Served:
    """The template that is served, with everything that follows from it.

    Args:
        settings: What the user wants.
        reload: Reads the settings again, after an edit of their file.
        out: Where events go.
        stop: Set when the user wants to stop.
    """

    def __init__(
        self,
        settings: Settings,
        reload: Callable[[], Settings],
        out: Output,
        stop: threading.Event,
    ) -> None:
        self.settings = settings
        self.layers: LayerCache | None = None
        self.functions: Mapping[str, LocalFunction] = {}
        self._reload = reload
        self._out = out
        self._stop = stop
        self._wanted: Options | None = None
        self._source: Source | None = None
        self._marks: Marks = {}
        self._noticed: set[tuple[str, str, str]] = set()

    def read(self, wanted: "Options") -> None:
        """Read and rewrite the template, unless that was done with the same options.

        Raises:
            SamliveError: There is no template.
            TransformError: It cannot go live.
        """
        from samlive_transform import transform

        if self._source is None:
            before = marks(_absolute([self.settings.template, *self.settings.files]))
            self._source = read(self.settings, self._stop)
            self._marks = before
        if wanted != self._wanted:
            self.result: Result = transform(self._source, wanted)
            self._marks = {**marks(self.files()), **self._marks}
            self._wanted = wanted

    def tell_notices(self, result: "Result") -> None:
        """Tell what the rewrite noticed, each once in a session."""
        for notice in result.report.notices:
            name = notice.file or result.source.name
            said = (name, notice.logical_id, notice.text)  # an edit above moves its line
            if said not in self._noticed:
                self._noticed.add(said)
                text = f"{name}:{notice.line}: {notice.logical_id}: {notice.text}"
                self._out.tell("note", text=text)

    def files(self) -> frozenset[Path]:
        """Return the files whose edits matter."""
        report = self.result.report
        nested = [function.file for function in report.functions if function.file]
        described = [a.local for a in report.artifacts if a.kind in _DESCRIPTIVE]
        named = [self.settings.template, *self.settings.files]
        found = [*named, *map(Path, nested), *map(Path, described)]
        built = self._built_from(self.settings)
        return frozenset(_absolute(found)) | built | _packed(self.result)

    def _built_from(self, settings: Settings) -> frozenset[Path]:
        command = settings.text("build_template_command")
        return build_command.sources(settings.template, command)

    def local(self, result: "Result", state: StageState) -> Mapping[str, "LocalFunction"]:
        """Return the live functions of a rewritten template as they stand on this machine.

        Layers named by ARN are fetched, which may take a while.
        """
        from samlive.local_functions import from_report, layer_arns

        users = layer_arns(result.report.functions)
        assert self.layers is not None
        layers = self.layers.get(users, lambda arn, why: self._say_left_out(arn, why, users[arn]))
        functions = from_report(
            result.report.functions,
            self.settings.folder,
            state.folder / "inline",
            lambda function, text: self._out.tell("warning", function=function, text=text),
            layers,
        )
        debugged = self.settings.items("debug_functions")
        return debug_ports.assign(functions, debugged, state.project, strict=not self.functions)

    def _say_left_out(self, arn: str, why: str, functions: list[str]) -> None:
        text = f"{', '.join(functions)} run{'s' * (len(functions) == 1)} without the layer {arn}"
        self._out.tell("warning", text=f"{text}: {why}.")

    async def follow(
        self,
        relay: "Relay",
        deployment: "Deployment",
        deployed: Callable[[float], Awaitable[None]],
    ) -> None:
        """Take over edits until the user wants to stop.

        Args:
            relay: Serves the functions.
            deployment: Deploys what has to be.
            deployed: Called after each deploy, with the monotonic time of the edit (seconds).
        """
        while True:
            files, self._marks = await changed(self.files(), self._marks)
            edited = time.monotonic() - _age(files)
            try:
                if await self._take_over(files, relay, deployment):
                    await deployed(edited)
            except Interrupted:
                return
            except Exception as error:
                self._say_kept(error)

    async def _take_over(
        self, files: frozenset[Path], relay: "Relay", deployment: "Deployment"
    ) -> bool:
        """Bring an edit into the session; tell whether it was deployed."""
        settings = self.settings
        if files & frozenset(_absolute(settings.files)):
            settings = self._reload()
            deployment.use(settings)
        wanted = options(
            settings,
            deployment.stage,
            deployment.facts(False),
            deployment.stack,
            deployment.adopted,
        )
        result = await asyncio.to_thread(rewrite, settings, wanted, self._stop)
        # What the command itself has written must not run it again.
        self._marks |= marks(self._built_from(settings) - {settings.template.absolute()})
        functions = await asyncio.to_thread(self.local, result, deployment.state)
        self.tell_notices(result)
        deploys = await asyncio.to_thread(deployment.prepare, result)
        self._marks |= marks(_packed(result))  # a build may write beside its sources
        if deploys:
            self._say_edit(files, result)
            # Functions that go must be served until they are gone.
            relay.update_functions({**self.functions, **functions})
            try:
                await asyncio.to_thread(deployment.apply, result)
            except BaseException:
                relay.update_functions(self.functions)
                raise
        names = sorted(n for n in functions if functions[n] != self.functions.get(n))
        self.settings, self.result, self.functions = settings, result, functions
        relay.update_functions(functions)
        if not deploys:
            self._out.tell("reload", functions=names, files=[str(f) for f in sorted(files)])
        return deploys

    def _say_edit(self, files: frozenset[Path], result: "Result") -> None:
        named = [str(file) for file in sorted(files) if not file.is_dir()]
        self._out.tell("edit", files=named, changes=edit_page.lines(self.result, result))

    def _say_kept(self, error: Exception) -> None:
        from samlive.failures import bug, told

        failure = told(error) or bug(error, self.settings.folder)
        message = f"{failure.message.rstrip('.')}. The stage stays as it was."
        there = self.settings.template.exists()
        hint = failure.hint if there else "It is read again once it is back."
        self._out.tell("error", message=message, hint=hint)


def _packed(result: "Result") -> frozenset[Path]:
    """Return the files of kept functions and of what they use."""
    packed = (_inside(Path(a.local)) for a in result.report.artifacts if a.kind in _PACKED)
    return frozenset(_absolute(chain.from_iterable(packed)))


def _inside(path: Path) -> list[Path]:
    """Return the files of an artifact and their folders, which tell of new files."""
    from samlive.deploy import archive

    if not path.is_dir():
        return [path]
    files = list(islice(archive.walk(path), _MOST_FILES + 1))
    if len(files) > _MOST_FILES:
        return []
    return [path, *files, *{file.parent for file in files}]


def _age(files: Iterable[Path]) -> float:
    """Return how long ago the newest of some files was saved (seconds)."""
    ages = [time.time() - path.stat().st_mtime for path in files if path.exists()]
    youngest = min(ages, default=0.0)
    return youngest if 0 < youngest < _PLAUSIBLE_SECONDS else 0.0


def _absolute(paths: Iterable[Path]) -> list[Path]:
    return [path.absolute() for path in paths]
