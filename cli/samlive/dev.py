"""The dev session: from a template on disk to functions that run here, and back.

    read and check the template    nothing has been touched when it is no good
    start the embedded cloud       with --offline; from here on there is no difference
    ask the account                who, which endpoint, which layer, which stack
    publish the layer              when this very stub is not there yet
    rewrite, package, plan
    connect the relay              before the deploy: it may invoke functions
    deploy
    serve, until a signal, a take-over or a lost connection;
        an edit of the template goes through the same rewrite, plan and deploy,
        and what is no good leaves everything as it was
    stop: drain the relay, settle the stage, end the embedded cloud

Everything that blocks runs in a thread and looks at the wish to stop between
two steps; the relay and the watch of the template live on the event loop.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from samlive import __version__, names, output, stage
from samlive.access import Access
from samlive.deploy.pace import Interrupted
from samlive.deployment import Deployment
from samlive.errors import SamliveError
from samlive.rewriting import DEFAULT_REGION, options, recall, rewrite
from samlive.settings import Settings
from samlive.signals import Stop
from samlive.state import Project
from samlive.template_watch import changed, marks

if TYPE_CHECKING:
    from samlive.narrator import Narrator
    from samlive.offline import Offline
    from samlive_relay.config import LocalFunction
    from samlive_relay.relay import Relay
    from samlive_transform import Result

INTERRUPTED = 130
_KEPT = (
    "Stage {stage} stays deployed as {stack}. While nobody listens, API calls get 503 and queues "
    "keep their messages. `samlive remove` deletes it."
)
_UNFINISHED = (
    "The stack {stack} is left to CloudFormation as it is; the next start goes on from it."
)
Reload = Callable[[], Settings]


def run(
    settings: Settings, environment: Mapping[str, str], reload: Reload, dry_run: bool = False
) -> int:
    """Run a dev session until it is stopped; return the exit status.

    Args:
        settings: What the user wants.
        environment: The process's environment variables.
        reload: Reads the settings again, after an edit of their file.
        dry_run: Print the plan and do nothing.
    """
    return asyncio.run(_run(settings, environment, reload, dry_run))


async def _run(
    settings: Settings, environment: Mapping[str, str], reload: Reload, dry_run: bool
) -> int:
    stop = Stop()
    with stop.signals():
        session = Session(settings, environment, reload, stop, output.make(settings.output))
        return await session.run(dry_run)


class Session:
    """One run of `samlive dev`.

    Args:
        settings: What the user wants.
        environment: Environment variables.
        reload: Reads the settings again.
        stop: The wish to stop.
        out: Where events go.
    """

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str],
        reload: Reload,
        stop: Stop,
        out: output.Output,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._reload = reload
        self._stop = stop
        self._out = out
        self._began = time.monotonic()
        self._project = Project(settings.folder, settings.flag("offline"))
        self._phase: Literal["new", "deploying", "live"] = "new"
        self._cloud: Offline | None = None
        self._relay: Relay | None = None
        self._narrator: Narrator | None = None

    async def run(self, dry_run: bool = False) -> int:
        """Go through the session; return the exit status."""
        try:
            await self._start(dry_run)
            if not dry_run:
                await self._serve()
        except Interrupted:
            return INTERRUPTED
        finally:
            await self._end()
        return INTERRUPTED if self._stop.forced.is_set() else 0

    # --- start ------------------------------------------------------------

    async def _start(self, dry_run: bool) -> None:
        for text in self._settings.notices:
            self._out.tell("warning", text=text)
        await self._in_thread(self._check_template)
        known = self._known_stage()
        warm = asyncio.ensure_future(asyncio.to_thread(_import_ahead))
        self._region = self._settings.text("region")
        if self._project.offline:
            await self._in_thread(self._start_cloud)
        access = self._access()
        self._stage = known or await self._ask_stage(access)
        self._state = self._project.of(self._stage)
        self._deployment = Deployment(
            self._settings, self._stage, self._state, access, self._stop.threads, self._out
        )
        await self._in_thread(self._deployment.survey)
        self._say_starting()
        await warm
        if dry_run:
            await self._in_thread(self._prepare, False)
            self._out.tell("plan", lines=self._deployment.describe(self._result))
            return
        await self._prepare_and_connect()
        self._phase = "deploying"
        await self._in_thread(self._deployment.apply, self._result)
        self._phase = "live"
        await self._say_ready()

    async def _prepare_and_connect(self) -> None:
        if self._settings.flag("confirm_changeset"):
            await self._in_thread(self._prepare, True)
            self._confirm()
            await self._start_relay()
            return
        # Side by side: both take a few round trips, and neither needs the other.
        ended = await asyncio.gather(
            self._in_thread(self._prepare, True), self._start_relay(), return_exceptions=True
        )
        for failure in ended:
            if isinstance(failure, BaseException):
                raise failure

    def _check_template(self) -> None:
        """Rewrite with what is known from last time: a bad template costs nothing."""
        name = self._settings.text("stage") or self._project.stage() or "stage"
        facts = recall(self._project.of(name).record, self._settings)
        self._wanted = options(self._settings, name, facts)
        self._result = rewrite(self._settings.template, self._wanted)
        self._marks = marks(self._watched())

    def _start_cloud(self) -> None:
        from samlive import offline

        self._region = self._region or DEFAULT_REGION
        self._project.make()
        self._cloud = offline.start(self._project.cloud, self._region)
        _write_variables(self._project, self._cloud.environment)
        self._out.tell("offline", endpoint_url=self._cloud.endpoint_url)

    def _access(self) -> Access:
        if self._cloud is None:
            return Access(self._environment, self._region, self._settings.text("profile"))
        variables = {**self._environment, **self._cloud.environment}
        return Access(variables, self._region, isolated=True)

    def _known_stage(self) -> str | None:
        """Return the stage unless it has to be asked for; refuse what cannot be asked."""
        name = stage.known(self._settings, self._project)
        if name is None and self._question() is None:
            raise stage.nobody_to_ask()
        return name

    def _question(self) -> Callable[[str], str] | None:
        return None if self._settings.output == "json" else stage.terminal_question()

    async def _ask_stage(self, access: Access) -> str:
        from samlive.deploy.aws import Aws

        identity = await self._in_thread(lambda: Aws(access).identity())
        return stage.ask(self._project, identity.user, self._ask)

    def _ask(self, text: str) -> str:
        """Ask on the terminal; nothing else is under way on the loop meanwhile."""
        question = self._question()
        assert question is not None
        with self._stop.paused():
            return question(text)

    def _prepare(self, publish: bool) -> None:
        """Rewrite the template for this account, unless that is done, and plan its deploy."""
        facts = self._deployment.facts(publish)
        wanted = options(self._settings, self._stage, facts, self._deployment.stack)
        if wanted != self._wanted:
            self._result = rewrite(self._settings.template, wanted)
        self._deployment.prepare(self._result)

    def _confirm(self) -> None:
        """Show the plan and ask, when the user wants to be asked."""
        if not self._deployment.changes:
            return
        if self._question() is None:
            raise SamliveError(
                "--confirm-changeset needs a terminal to ask on.", "Leave it out in scripts."
            )
        self._out.tell("plan", lines=self._deployment.describe(self._result))
        if self._ask("Deploy this? [y/N] ").strip().lower() not in ("y", "yes"):
            raise SamliveError("Nothing was deployed.")

    async def _start_relay(self) -> None:
        from samlive.narrator import Narrator
        from samlive_relay.config import RelayConfig
        from samlive_relay.relay import Relay

        self._narrator = Narrator(self._out, self._taken_over)
        self._local = self._functions(self._result)
        deployment = self._deployment
        config = RelayConfig(
            app=self._settings.app,
            stage=self._stage,
            key=deployment.key,
            owner=f"{names.os_user() or 'somebody'}@{socket.gethostname()}",
            broker=deployment.broker(),
            functions=self._local,
            project=self._settings.folder,
            state=self._state.folder,
            takeover=self._settings.flag("takeover"),
        )
        self._state.make()
        relay = Relay(config, self._narrator)
        await self._unless_stopped(relay.start())
        self._relay = relay

    def _functions(self, result: "Result") -> Mapping[str, "LocalFunction"]:
        from samlive.local_functions import from_report

        return from_report(
            result.report.functions,
            self._settings.folder,
            self._state.folder / "inline",
            lambda function, text: self._out.tell("warning", function=function, text=text),
        )

    def _taken_over(self, owner: str) -> None:
        self._stop.end(f"{owner} took over stage {self._stage}")

    # --- serve ------------------------------------------------------------

    async def _serve(self) -> None:
        assert self._relay is not None
        waits = [
            asyncio.ensure_future(self._stop.requested.wait()),
            asyncio.ensure_future(self._relay.wait_closed()),
            asyncio.ensure_future(self._follow_edits()),
        ]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _follow_edits(self) -> None:
        while True:
            files, self._marks = await changed(self._watched(), self._marks)
            try:
                await self._take_over_edit(files)
            except Interrupted:
                return
            except Exception as error:
                self._say_kept(error)

    async def _take_over_edit(self, files: frozenset[Path]) -> None:
        """Bring an edit of template or settings into the running session."""
        if files & set(self._settings.files):
            self._settings = self._reload()
            self._deployment.use(self._settings)
        facts = self._deployment.facts(publish=False)
        wanted = options(self._settings, self._stage, facts, self._deployment.stack)
        result = await self._in_thread(rewrite, self._settings.template, wanted)
        before, functions = self._local, self._functions(result)
        assert self._relay is not None
        if await self._in_thread(self._deployment.prepare, result):
            # Functions that go must be served until they are gone.
            self._relay.update_functions({**before, **functions})
            await self._in_thread(self._deployment.apply, result)
            self._use(result, functions)
            await self._say_ready()
            return
        self._use(result, functions)
        names = sorted(n for n in functions if functions[n] != before.get(n))
        self._out.tell("reload", functions=names, files=[str(path) for path in sorted(files)])

    def _use(self, result: "Result", functions: Mapping[str, "LocalFunction"]) -> None:
        assert self._relay is not None
        self._result, self._local = result, functions
        self._relay.update_functions(functions)

    def _watched(self) -> frozenset[Path]:
        folder = self._settings.folder
        nested = {Path(f.file) for f in self._result.report.functions if f.file}
        local = {
            Path(a.local)
            for a in self._result.report.artifacts
            if a.kind in ("template", "include", "definition", "file")
        }
        named = {self._settings.template, *self._settings.files, *nested, *local}
        return frozenset(path if path.is_absolute() else folder / path.name for path in named)

    def _say_kept(self, error: Exception) -> None:
        from samlive.cli import told

        failure = told(error)
        if failure is None:
            raise error
        self._out.tell(
            "error",
            message=f"{failure.message.rstrip('.')}. The stage stays as it was.",
            hint=failure.hint,
        )

    # --- end --------------------------------------------------------------

    async def _end(self) -> None:
        try:
            await self._stop_relay()
            await self._settle()
        finally:
            if self._cloud is not None:
                await asyncio.to_thread(self._cloud.stop)
                _variables_file(self._project).unlink(missing_ok=True)

    async def _stop_relay(self) -> None:
        if self._relay is None or self._narrator is None:
            return
        self._out.tell(
            "stopping",
            reason=self._stop.reason or "the session has ended",
            waiting_for=sorted(set(self._narrator.running)),
        )
        drain = self._settings.seconds("drain_seconds")
        draining = asyncio.ensure_future(self._relay.stop(drain))
        forced = asyncio.ensure_future(self._stop.forced.wait())
        await asyncio.wait((draining, forced), return_when=asyncio.FIRST_COMPLETED)
        forced.cancel()
        if not draining.done():
            draining.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await draining
            await self._relay.stop(0)
        else:
            draining.result()

    async def _settle(self) -> None:
        """Leave the stage in the state that the user wants, and say which."""
        if self._phase == "new":
            return
        stack = self._deployment.stack_name
        left, text = "kept", _KEPT.format(stage=self._stage, stack=stack)
        if self._cloud is not None:
            left, text = "gone", "The embedded cloud and everything in it are gone."
        elif self._phase == "deploying":
            left, text = "unfinished", _UNFINISHED.format(stack=stack)
        elif self._settings.text("on_exit") == "remove" and not self._stop.forced.is_set():
            self._stop.threads.clear()
            await asyncio.to_thread(self._deployment.remove)
            left, text = "removed", f"The stack {stack} is deleted."
        self._out.tell("stopped", stage=self._stage, stack=stack, left=left, text=text)

    # --- saying -----------------------------------------------------------

    def _say_starting(self) -> None:
        self._out.tell(
            "starting",
            version=__version__,
            app=self._settings.app,
            stage=self._stage,
            stack=self._deployment.stack_name,
            region=self._deployment.region,
            offline=self._cloud is not None,
        )

    async def _say_ready(self) -> None:
        urls, outputs = await self._in_thread(self._deployment.addresses)
        access = self._deployment.access
        functions = self._result.report.functions
        self._out.tell(
            "ready",
            app=self._settings.app,
            stage=self._stage,
            stack=self._deployment.stack_name,
            region=self._deployment.region,
            endpoint_url=access.endpoint_url,
            urls=urls,
            outputs=outputs,
            functions={f.logical_id: "live" if f.live else f"kept: {f.reason}" for f in functions},
            seconds=round(time.monotonic() - self._began, 3),
        )

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Await something that can be given up.

        Raises:
            Interrupted: The user wants to stop.
        """
        task = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self._stop.requested.wait())
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if task.done():
            task.result()
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise Interrupted

    async def _in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do something that blocks, unless the user wants to stop.

        Raises:
            Interrupted: The user wants to stop.
        """
        if self._stop.requested.is_set():
            raise Interrupted
        found = await asyncio.to_thread(work, *arguments)
        if self._stop.requested.is_set():
            raise Interrupted
        return found


def _import_ahead() -> None:
    """Import what the next steps need while the embedded cloud starts."""
    import boto3  # noqa: F401  # only for its time

    import samlive_relay.transports.iot  # noqa: F401


def _variables_file(project: Project) -> Path:
    return project.root / "offline.env"


def _write_variables(project: Project, variables: Mapping[str, str]) -> None:
    """Write what a second terminal sources to reach the embedded cloud."""
    import shlex

    from samlive.state import write_private

    lines = [f"export {shlex.quote(f'{name}={value}')}\n" for name, value in variables.items()]
    write_private(_variables_file(project), "".join(lines).encode())
