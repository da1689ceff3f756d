"""One stage in the account: what is there, what should be, and the way between.

Everything in here blocks and runs in a thread. It holds what the account said
(the survey), the stage's key and the last plan, and tells its progress as
events of the output.
"""

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from samlive import collisions, first_use, names, plan_page, survey
from samlive.access import Access
from samlive.adoption import Adoption, is_adopted
from samlive.deploy import bucket, key, layer, package, plan, standing, urls
from samlive.deploy.aws import Aws
from samlive.deploy.image_build import Images
from samlive.deploy.names_api import Home
from samlive.deploy.pace import Pace
from samlive.deploy.package import Store
from samlive.deploy.stack import DeployError, Stack
from samlive.errors import SamliveError
from samlive.output import Output
from samlive.progress import Progress
from samlive.rewriting import Facts
from samlive.settings import Settings
from samlive.signing import Signing
from samlive.state import StageState
from samlive.teardown import Teardown

if TYPE_CHECKING:
    from samlive.deploy.park import Parking
    from samlive_relay.config import Broker
    from samlive_relay.storage import Storage
    from samlive_transform import Result


class Deployment:
    """The stage's stack and what belongs to it.

    Args:
        settings: What the user wants.
        stage: Name of the stage.
        state: The stage's state on this machine.
        access: How to reach the account.
        stop: Set when the user wants to stop.
        out: Where events go.
        aws: The account; made from `access` when None.
    """

    def __init__(
        self,
        settings: Settings,
        stage: str,
        state: StageState,
        access: Access,
        stop: threading.Event,
        out: Output,
        aws: Aws | None = None,
    ) -> None:
        self.access = access
        self.stage = stage
        self.state = state
        self._settings = settings
        self._stop = stop
        self._out = out
        self._aws = aws or Aws(access)
        self.stack_name = names.check_stack(stack_name(settings, stage, state.record))
        self._progress = Progress(out, self.stack_name)
        self._plan: plan.Plan | None = None
        self._images = Images("")

    def use(self, settings: Settings) -> None:
        """Take over edited settings; the stack stays the same."""
        self._settings = settings

    # --- what is there ----------------------------------------------------

    def survey(self) -> None:
        """Ask the account; wait for an operation that is under way.

        Raises:
            SamliveError: It cannot be asked, or the stack is not ours to change.
        """
        _, digest = layer.build()
        found = survey.take(self._aws, self._settings, self.stack_name, digest)
        standing.check_ours(
            found.stack, self.stack_name, self._settings.app, self.stage, self._may_adopt()
        )
        if found.stack is None and self._may_adopt():
            raise SamliveError(
                f"There is no stack {self.stack_name} to take over.",
                f"Check the name and the region ({found.region}), or leave out --adopt.",
            )
        if found.stack is not None and self._stack().rest(found.stack, self._progress.say):
            found = replace(found, stack=self._aws.stack(self.stack_name))
        self._found = found
        first_use.wait(
            found.endpoint,
            self.access,
            Pace(self._stop),
            lambda text: self._out.tell("warning", text=text),
        )
        known = standing.marks_of(found.stack)[1]
        self._key, self._key_deployed = key.for_stage(self._aws, found.stack, known, self.state)

    def _may_adopt(self) -> bool:
        """Tell whether a stack of somebody else's may be taken over."""
        wanted = self._settings.flag("adopt")
        if wanted and not self._settings.text("stack_name"):
            raise SamliveError(
                "--adopt needs the name of the stack to take over.", "Add --stack-name NAME."
            )
        return wanted

    @property
    def adopting(self) -> bool:
        """Whether the stack is somebody else's until the next deploy."""
        stack = self._found.stack
        return stack is not None and standing.STAGE_TAG not in standing.tags_of(stack)

    @property
    def adopted(self) -> bool:
        """Whether the stack is, or is about to be, an adopted one."""
        return self.adopting or is_adopted(self._found.stack)

    @property
    def stack(self) -> Mapping[str, Any] | None:
        """The stack as it was last seen."""
        return self._found.stack

    @property
    def region(self) -> str:
        """Region of the stack."""
        return self._found.region

    @property
    def key(self) -> bytes:
        """The stage's key."""
        return key.decode(self._key)

    def facts(self, publish: bool) -> Facts:
        """Return what a rewrite has to know.

        Args:
            publish: Publish the stub layer when it is not there; else a name is
                derived that shows where it will stand.
        """
        found = self._found
        if found.layer is None and publish:
            self._found = found = replace(found, layer=layer.publish(self._aws))
        _, digest = layer.build()
        stub = found.layer or layer.placeholder(found.region, found.identity.account, digest)
        return Facts(stub.arn, stub.digest, found.endpoint, found.region, found.iot_region)

    def broker(self) -> "Broker":
        """Return how the relay reaches AWS IoT."""
        from samlive_relay.config import Broker

        return Broker(
            endpoint=self._found.endpoint,
            region=self._found.iot_region,
            credentials=Signing(self._aws),
            ca_file=self.access.ca_file,
            proxy=self.access.proxy(self._found.endpoint),
        )

    def storage(self) -> "Storage":
        """Return where the relay puts payloads that are too large for AWS IoT."""
        from samlive.deploy.storage import BucketStorage

        return BucketStorage(self._aws, self._found.identity.account, self.state.project)

    def layer(self, arn: str, most: int) -> tuple[bytes, str]:
        """Return a layer version's zip of no more than `most` bytes, and its SHA-256.

        Raises:
            AwsError: It cannot be had.
        """
        return self._aws.layer_version(arn, most)

    # --- what should be ---------------------------------------------------

    def prepare(self, result: "Result") -> bool:
        """Plan the deploy of a rewritten template; tell whether anything is to be done.

        Raises:
            SamliveError: An artifact or a parameter is missing.
        """
        store = self._store()
        self._images = Images(self._settings.text("image_repository") or "")
        cache = self.state.folder / "build"
        template, uploads = package.prepare(result, store, cache, self._images)
        self._plan = plan.make(
            plan.Stage(
                self._settings.app,
                self.stage,
                self.stack_name,
                self._key,
                self._key_deployed,
                key.digest(self._key),
                self.adopted,
            ),
            template,
            uploads,
            store,
            self._wishes(),
            self._found.stack,
        )
        if self._plan.action == "create":
            self._check_names(result)
        return self.changes

    def _check_names(self, result: "Result") -> None:
        """Look for the names of a stage that is deployed for the first time."""
        who = self._found.identity
        collisions.check(
            result,
            self._aws,
            collisions.Wanted(
                self.stage,
                self.stack_name,
                self._settings.pairs("parameter_overrides"),
                Home(who.partition, self._found.region, who.account),
            ),
            lambda text: self._out.tell("note", text=text),
        )

    def missing(self, result: "Result") -> dict[str, bool]:
        """Return the parameters without a value, and whether each is a secret."""
        given = self._settings.pairs("parameter_overrides")
        return plan.missing(result.template, given, self._found.stack)

    @property
    def changes(self) -> bool:
        """Whether the plan changes anything."""
        return self._plan is not None and self._plan.action != "none"

    def describe(self, result: "Result") -> list[str]:
        """Return the plan in lines for people."""
        assert self._plan is not None
        before = ["publish the stub layer"] if self._found.layer is None else []
        before += [f"push the image {uri} unless it is there" for uri in self._images.built]
        if self.adopting:
            before.append(f"keep the template, parameters and code of {self.stack_name}")
        return plan_page.lines(result.report, self._plan, before)

    def apply(self, result: "Result") -> None:
        """Do what was planned.

        Raises:
            SamliveError: The deploy fails; names the line of the template.
        """
        assert self._plan is not None
        wanted = self._plan
        if wanted.action == "none":
            self._progress.say("unchanged")
            return
        if self.adopting and self._found.stack is not None:
            self._adoption().keep(self._found.stack)
            self._progress.say("kept")
        self._progress.say("started", action=wanted.action)
        self._images.push(self._aws, self._progress.image)
        try:
            changed = plan.apply(
                wanted,
                self._aws,
                self._stop,
                self._progress.event,
                self._progress.upload,
                self._progress.uploading,
            )
        except DeployError as error:
            self._look_again()
            raise _placed(error, result) from error
        self._look_again()
        self._key_deployed = True
        self._progress.say("complete" if changed else "unchanged")
        self._remember()

    def addresses(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the stage's URLs by logical id or output, and its other outputs."""
        found = self._found
        assert found.stack is not None
        outputs = standing.outputs_of(found.stack)
        outputs.pop(standing.MARK_OUTPUT, None)
        local = urls.base(self.access.endpoint_url or "") if self.access.local else None
        place = urls.Place(found.region, found.identity.partition, local)
        resources = self._aws.stack_resources(self.stack_name)
        functions = {
            str(resource["LogicalResourceId"]): self._aws.function_url(
                str(resource["PhysicalResourceId"])
            )
            for resource in resources
            if resource["ResourceType"] == "AWS::Lambda::Url"
        }
        addresses = urls.of_stack(resources, {**functions, **outputs}, place)
        return addresses, {name: text for name, text in outputs.items() if name not in addresses}

    def restore(self) -> None:
        """Give an adopted stack its original template back; see `Teardown`."""
        self._teardown().restore()

    def remove(self) -> None:
        """Delete the stage's stack, when it is ours; see `Teardown`."""
        self._teardown().remove()

    def parking(self) -> "Parking":
        """Return how this stage is parked, and let go again; needs the survey."""
        from samlive.deploy import park

        names = (self._settings.app, self.stage, self.stack_name)
        return park.of_stage(self._aws, self._found.identity, *names)

    # --- how --------------------------------------------------------------

    def _stack(self) -> Stack:
        return Stack(self._aws, self.stack_name, self._stop, self._progress.event)

    def _teardown(self) -> Teardown:
        what = (self._settings, self.stage, self.state, self.stack_name)
        return Teardown(self._aws, *what, self._stop, self._progress)

    def _adoption(self) -> Adoption:
        account = self._aws.identity().account
        return Adoption(self._aws, account, self.stack_name, self.state)

    def _store(self) -> Store:
        account, region = self._found.identity.account, self._found.region
        suffix = urls.Place(region, self._found.identity.partition).suffix
        named = self._settings.text("s3_bucket")
        prefix = (self._settings.text("s3_prefix") or self._settings.app).strip("/")
        if named and not self._settings.flag("resolve_s3"):
            return Store(named, prefix, region, suffix)
        prefix = f"{bucket.ARTIFACTS}{prefix}"
        return Store(bucket.name(account, region), prefix, region, suffix, owner=account)

    def _wishes(self) -> plan.Wishes:
        settings = self._settings
        return plan.Wishes(
            parameters=settings.pairs("parameter_overrides"),
            tags=settings.pairs("tags"),
            capabilities=settings.items("capabilities"),
            role_arn=settings.text("role_arn"),
            notification_arns=settings.items("notification_arns"),
            kms_key=settings.text("kms_key_id"),
            express=settings.flag("express"),
        )

    def _look_again(self) -> None:
        self._found = replace(self._found, stack=self._aws.stack(self.stack_name))

    def _remember(self) -> None:
        found = self._found
        self.state.write_record(
            {
                **self.facts(publish=False).as_record(),
                "account": found.identity.account,
                "endpoint_url": self.access.endpoint_url,
                "app": self._settings.app,
                "stack": self.stack_name,
            }
        )


def stack_name(settings: Settings, stage: str, record: Mapping[str, Any]) -> str:
    """Return the name of a stage's stack: given, remembered, or `<app>-<stage>`.

    Args:
        settings: What the user wants.
        stage: Name of the stage.
        record: What was written about the stage.
    """
    remembered = record.get("stack") if record.get("app") == settings.app else None
    return settings.text("stack_name") or remembered or f"{settings.app}-{stage}"


def _placed(error: DeployError, result: "Result") -> SamliveError:
    """Put the template's line in front of a failure: of the nested one, when it stands there."""
    *outer, resource = error.logical_id.split("/")
    for id in outer:
        inner = [n.result for n in result.nested if n.artifact.logical_id.split("/")[-1] == id]
        if not inner:
            resource = id
            break
        result = inner[0]
    if not resource or resource not in result.template.get("Resources", {}):
        return error
    line = result.source.line(("Resources", resource))
    return DeployError(
        f"{result.source.name}:{line}: {error.message}", error.hint, error.logical_id
    )
