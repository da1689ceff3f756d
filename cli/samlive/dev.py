"""The dev session: from a template on disk to functions that run here, and back.

    connect, unheard               when the last session wrote down where (early.py)
    read and check the template    nothing has been touched when it is no good
    start the embedded cloud       with --offline; from here on there is no difference
    ask the account                who, which endpoint, which layer, which stack
    publish the layer              when this very stub is not there yet
    rewrite, package, plan
    connect the relay and claim    before the deploy: it may invoke functions
    deploy
    serve, until a signal, a take-over or a lost connection;
        an edit of the template goes through the same rewrite, plan and deploy,
        and what is no good leaves everything as it was
    stop: drain the relay, settle the stage, end the embedded cloud

Everything that blocks runs in a thread and looks at the wish to stop between
two steps; the relay and the watch of the template live on the event loop.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

from samlive import early, output, serving, stage
from samlive.access import Access
from samlive.announcing import Announcer
from samlive.asking import Asking
from samlive.deploy.pace import Interrupted
from samlive.edits import Served
from samlive.rewriting import DEFAULT_REGION, options, recall
from samlive.settings import Settings
from samlive.signals import Stop
from samlive.state import Project

if TYPE_CHECKING:
    from samlive.deployment import Deployment
    from samlive.layer_cache import LayerCache
    from samlive.narrator import Narrator
    from samlive.offline import Offline
    from samlive.serving import Functions
    from samlive.waking import Waking
    from samlive_relay.relay import Relay

INTERRUPTED = 130
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
        self._stop = stop
        self._out = out
        self._say = Announcer(settings, out)
        self._asking = Asking(stop, silent=settings.output == "json")
        self._served = Served(settings, reload, out, stop.threads)
        self._project = Project(settings.folder, settings.flag("offline"))
        self._phase: Literal["new", "deploying", "live"] = "new"
        self._cloud: Offline | None = None
        self._relay: Relay | None = None
        self._narrator: Narrator | None = None
        self._waking: Waking | None = None
        self._successor = ""
        self._early: early.Early | None = None
        self._account: early.Account | None = None

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
            self._say.note(text)
        if not dry_run:
            self._connect_early()
        await self._stop.in_thread(self._check_template)
        known = self._known_stage()
        warm = asyncio.ensure_future(asyncio.to_thread(_import_ahead))
        access = await self._stop.in_thread(self._reach_cloud)
        self._stage = known or await self._ask_stage(access)
        self._state = self._project.of(self._stage)
        self._deployment = await self._stop.in_thread(self._make_deployment, access)
        self._served.layers = self._layers()
        await self._stop.in_thread(self._deployment.survey)
        name, region = self._deployment.stack_name, self._deployment.region
        self._say.starting(self._stage, name, region, offline=self._cloud is not None)
        await warm
        if dry_run:
            await self._stop.in_thread(self._prepare, False)
            self._out.tell("plan", lines=self._deployment.describe(self._served.result))
            return
        self._ask_parameters()
        await self._prepare_and_connect()
        self._served.tell_notices(self._served.result)
        self._refuse_empty()
        self._phase = "deploying"
        await self._stop.in_thread(self._deploy)
        self._phase = "live"
        await self._say_ready()

    def _make_deployment(self, access: Access) -> "Deployment":
        from samlive.deployment import Deployment

        what = (self._settings, self._stage, self._state, access)
        aws = self._account() if self._account is not None else None
        return Deployment(*what, self._stop.threads, self._out, aws)

    def _layers(self) -> "LayerCache":
        """Return where layers are kept that are named by ARN."""
        from samlive import layer_cache
        from samlive.layer_cache import LayerCache

        if self._project.offline:
            return LayerCache(self._project.cloud / "layers", self._deployment.layer, fresh=True)
        return LayerCache(layer_cache.home(self._environment), self._deployment.layer)

    def _check_template(self) -> None:
        """Rewrite with what is known from last time: a bad template costs nothing."""
        name = self._settings.text("stage") or self._project.stage() or "stage"
        facts = recall(self._project.of(name).record, self._settings)
        adopt = self._settings.flag("adopt")
        self._served.read(options(self._settings, name, facts, adopt=adopt))

    def _reach_cloud(self) -> Access:
        """Return how the account is reached; start the embedded cloud when that is wanted."""
        region, profile = self._settings.text("region"), self._settings.text("profile")
        if not self._project.offline:
            return Access(self._environment, region, profile)
        region = region or DEFAULT_REGION
        from samlive import embedded

        self._cloud = embedded.start(self._project, region, self._say.note)
        self._out.tell("offline", endpoint_url=self._cloud.endpoint_url)
        variables = {**self._environment, **self._cloud.environment}
        return Access(variables, region, isolated=True)

    async def _prepare_and_connect(self) -> None:
        adopts_here = self._deployment.adopting and self._asking.possible
        if self._settings.flag("confirm_changeset") or adopts_here:
            await self._stop.in_thread(self._prepare, True)
            if self._deployment.changes:
                lines = self._deployment.describe(self._served.result)
                self._asking.confirm(lines, self._out)
            await self._start_relay()
            return
        # Side by side: both take a few round trips, and neither needs the other.
        ended = await asyncio.gather(
            self._stop.in_thread(self._prepare, True), self._start_relay(), return_exceptions=True
        )
        for failure in ended:
            if isinstance(failure, BaseException):
                raise failure

    def _prepare(self, publish: bool) -> None:
        """Rewrite the template for this account, unless that is done, and plan its deploy."""
        facts = self._deployment.facts(publish)
        stack, adopted = self._deployment.stack, self._deployment.adopted
        self._served.read(options(self._settings, self._stage, facts, stack, adopted))
        self._deployment.prepare(self._served.result)

    async def _start_relay(self) -> None:
        """Serve the stage from here: over the early connection if the account agrees with it."""
        from samlive_relay import garbage

        found = await self._stop.in_thread(self._served.local, self._served.result, self._state)
        self._served.functions = found
        broker, key = self._deployment.broker(), self._deployment.key
        relay = await self._early.take(broker, key) if self._early is not None else None
        if relay is None:
            way = serving.Way(broker, key, self._deployment.storage())
            relay = self._make_relay(way, found)
        else:
            relay.update_functions(found)
        self._state.make()
        await self._stop.unless(relay.start())
        garbage.leave_alone()
        self._relay = relay

    def _make_relay(self, way: "serving.Way", functions: "Functions") -> "Relay":
        from samlive.narrator import Narrator

        self._narrator = Narrator(self._out, self._taken_over)
        return serving.relay(
            self._settings, self._stage, self._state, way, functions, self._narrator
        )

    def _connect_early(self) -> None:
        """Begin to connect when it is known where, and with whose credentials."""
        name = self._settings.text("stage") or self._project.stage()
        if not name or self._project.offline or self._settings.flag("adopt"):
            return
        region, profile = self._settings.text("region"), self._settings.text("profile")
        access = Access(self._environment, region, profile)
        where = early.recorded(self._settings, self._project.of(name), access)
        if where is None:
            return
        self._stage, self._state = name, self._project.of(name)
        self._say.starting(name, where.stack, where.region, offline=False)
        self._account = early.Account(access)
        credentials = early.Credentials(self._settings, access, self._account)
        way = early.way(where, access, credentials, lambda: self._deployment.storage())
        self._early = early.Early(where, self._make_relay(way, {}), credentials)

    def _deploy(self) -> None:
        """Deploy, and let go what the session before had parked."""
        if self._cloud is None:  # an embedded cloud is always new
            from samlive.waking import Waking

            parking, stack = self._deployment.parking(), self._deployment.stack_name
            self._waking = Waking(parking, stack, self._out)
        if self._waking is not None and self._deployment.changes:
            self._waking.release()
        self._deployment.apply(self._served.result)
        if self._waking is not None:
            self._waking.unpark()

    def _taken_over(self, owner: str) -> None:
        self._successor = owner
        self._stop.end(f"{owner} took over stage {self._stage}")

    # --- asking -----------------------------------------------------------

    def _known_stage(self) -> str | None:
        """Return the stage unless it has to be asked for; refuse what cannot be asked."""
        name = stage.known(self._settings, self._project)
        if name is None and not self._asking.possible:
            raise stage.nobody_to_ask()
        return name

    async def _ask_stage(self, access: Access) -> str:
        from samlive.deploy.aws import Aws

        identity = await self._stop.in_thread(lambda: Aws(access).identity())
        return stage.ask(self._project, identity.user, self._asking.ask)

    def _ask_parameters(self) -> None:
        """Ask for parameters that nobody has given a value; the stack remembers them."""
        missing = self._deployment.missing(self._served.result)
        if not missing or not self._asking.possible:
            return
        values = {name: self._asking.ask(f"{name}: ", secret) for name, secret in missing.items()}
        self._settings = self._served.settings = self._settings.with_parameters(values)
        self._deployment.use(self._settings)

    def _refuse_empty(self) -> None:
        if not self._deployment.changes and self._settings.flag("fail_on_empty_changeset"):
            from samlive.deploy.stack import DeployError

            raise DeployError(
                f"There is nothing to deploy: {self._deployment.stack_name} is up to date.",
                "Leave out --fail-on-empty-changeset to go live all the same.",
            )

    # --- serve ------------------------------------------------------------

    async def _serve(self) -> None:
        assert self._relay is not None
        if self._waking is not None:
            self._waking.start()
        edits = self._served.follow(self._relay, self._deployment, self._say_ready)
        waits = [
            asyncio.ensure_future(self._stop.requested.wait()),
            asyncio.ensure_future(self._relay.wait_closed()),
            asyncio.ensure_future(edits),
        ]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    # --- end --------------------------------------------------------------

    async def _end(self) -> None:
        from samlive import embedded, ending

        try:
            if self._early is not None:
                await self._early.drop()
            if self._waking is not None:
                await self._waking.end()
            if self._relay is not None and self._narrator is not None:
                running = sorted(set(self._narrator.running))
                drain = self._settings.seconds("drain_seconds")
                await ending.stop_relay(self._relay, running, drain, self._stop, self._out)
            if self._phase != "new":
                await self._settle()
        finally:
            if self._cloud is not None:
                await asyncio.to_thread(embedded.stop, self._cloud, self._project)

    async def _settle(self) -> None:
        """Leave the stage in the state that the user wants, and say which."""
        from samlive import ending

        functions = self._served.result.report.functions
        last = ending.Last(
            self._deployment,
            finished=self._phase == "live",
            offline=self._cloud is not None,
            on_exit=self._settings.text("on_exit") or "keep",
            functions=tuple(f for f in functions if f.live),
            let_go=self._waking is not None and self._waking.let_go,
            successor=self._successor,
        )
        left, text = await ending.settle(last, self._stop)
        stack = self._deployment.stack_name
        self._out.tell("stopped", stage=self._stage, stack=stack, left=left, text=text)

    async def _say_ready(self, since: float | None = None) -> None:
        """Tell what is served: since the start, or since an edit."""
        addresses = await self._stop.in_thread(self._deployment.addresses)
        self._say.ready(self._deployment, self._served.result, addresses, since)


def _import_ahead() -> None:
    """Import what the next steps need while the embedded cloud starts."""
    import boto3  # noqa: F401  # only for its time

    import samlive_relay.transports.direct  # noqa: F401
