"""A deploy as data: made without changing anything, then shown or applied.

    plan = make(...)        reads the stack, packages artifacts, changes nothing
    show(plan)              what `--dry-run` prints
    apply(plan, ...)        does it

Whether anything has to be done at all is decided by a digest of everything
that is deployed, which the stack carries as an output: a start with nothing
changed creates no change set and uploads nothing.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from samlive import __version__
from samlive.deploy import bucket, standing
from samlive.deploy.aws import Aws
from samlive.deploy.package import Store, Upload
from samlive.deploy.stack import (
    MAX_INLINE_BYTES,
    MAX_TEMPLATE_BYTES,
    ChangeSet,
    Stack,
    Watcher,
)
from samlive.errors import SamliveError
from samlive_stub import contract

PARALLEL_UPLOADS = 8


@dataclass(frozen=True, slots=True)
class Stage:
    """What a deploy is for.

    Args:
        app: Name of the application.
        stage: Name of the stage.
        stack: Name of the stack.
        key: The stage's key as text.
        key_deployed: Whether the stack has this key already.
        key_digest: What may be public of it.
        adopted: The stack was somebody else's; its tags stay.
    """

    app: str
    stage: str
    stack: str
    key: str = field(repr=False)
    key_deployed: bool
    key_digest: str
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Wishes:
    """The user's settings for the deploy.

    Args:
        parameters: Values of template parameters.
        tags: Tags of the stack.
        capabilities: Capabilities that are granted.
        role_arn: Role that CloudFormation assumes.
        notification_arns: SNS topics told of events.
        kms_key: KMS key that encrypts artifacts.
        express: Whether EXPRESS mode is wanted.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    role_arn: str | None = None
    notification_arns: tuple[str, ...] = ()
    kms_key: str | None = None
    express: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deploy will do.

    Args:
        action: "none" when everything is deployed already.
        stack_id: Id of a stack that has to go first; empty otherwise.
        change: What is asked of CloudFormation.
        store: The bucket for uploads.
        uploads: What has to be in the bucket.
        template_bytes: Size of the template.
        kms_key: KMS key that encrypts artifacts.
    """

    action: Literal["none", "create", "update", "replace"]
    stack_id: str
    change: ChangeSet
    store: Store
    uploads: tuple[Upload, ...]
    template_bytes: int
    kms_key: str | None = None


def make(
    stage: Stage,
    template: Mapping[str, Any],
    uploads: tuple[Upload, ...],
    store: Store,
    wishes: Wishes,
    stack: Mapping[str, Any] | None,
) -> Plan:
    """Return what has to be done to bring a stack to a template.

    Args:
        stage: What the deploy is for.
        template: The packaged template.
        uploads: What its references need.
        store: The bucket.
        wishes: The user's settings.
        stack: The stack as it is; None when there is none.

    Raises:
        SamliveError: A parameter has no value, or the stack cannot be changed.
    """
    way = standing.way(stack)
    create = way != "update"
    parameters = _parameters(stage, template, wishes, None if create else stack)
    tags = _tags(stage, wishes, stack)
    digest = _digest(template, wishes, tags)
    text = _marked(template, standing.mark(digest, stage.key_digest))
    body, needed = _body(text, uploads, store)
    change = ChangeSet(
        stack=stage.stack,
        create=create,
        template=body,
        parameters=parameters,
        tags=tags,
        capabilities=wishes.capabilities,
        further=_further(wishes),
        express=wishes.express,
    )
    plan = Plan("update", "", change, store, needed, len(text.encode()), wishes.kms_key)
    if way == "replace":
        assert stack is not None
        return replace(plan, action="replace", stack_id=str(stack["StackId"]))
    if create:
        return replace(plan, action="create")
    if stack and stack["StackStatus"] in standing.SETTLED and stage.key_deployed:
        if standing.marks_of(stack)[0] == digest:
            return replace(plan, action="none", uploads=())
    return plan


def show(plan: Plan) -> list[str]:
    """Return the plan in lines for people."""
    if plan.action == "none":
        return [f"{plan.change.stack} is up to date; nothing to deploy."]
    lines = [f"upload {u.origin} ({_size(len(u.body))}) unless it is there" for u in plan.uploads]
    if plan.action == "replace":
        lines.append(f"delete {plan.change.stack}, whose creation failed before")
    verb = "update" if plan.action == "update" else "create"
    lines.append(f"{verb} {plan.change.stack} (template of {_size(plan.template_bytes)})")
    return lines


def apply(
    plan: Plan,
    aws: Aws,
    stop: threading.Event,
    watcher: Watcher,
    uploaded: Callable[[Upload], None] = lambda _: None,
    uploading: Callable[[Upload, int], None] = lambda upload, sent: None,
) -> bool:
    """Do what a plan says; tell whether anything changed.

    Args:
        plan: The plan.
        aws: The account.
        stop: Set when the user wants to stop waiting.
        watcher: Told of the stack's events.
        uploaded: Told of every upload that was needed, when it is done.
        uploading: Told of the same when it begins, and of the bytes of it that have left.

    Raises:
        SamliveError: AWS refuses, or a resource fails.
    """
    if plan.action == "none":
        return False
    _upload(plan, aws, uploaded, uploading)
    stack = Stack(aws, plan.change.stack, stop, watcher)
    if plan.action == "replace":
        stack.delete(plan.stack_id)
    return stack.change(plan.change)


def _upload(
    plan: Plan,
    aws: Aws,
    uploaded: Callable[[Upload], None],
    uploading: Callable[[Upload, int], None],
) -> None:
    if not plan.uploads:
        return
    store = plan.store
    if store.owner and not aws.bucket_exists(store.bucket, store.owner):
        aws.make_bucket(store.bucket, store.owner, bucket.lifecycle())

    def one(upload: Upload) -> None:
        if not aws.object_exists(store.bucket, upload.key, store.owner):
            uploading(upload, 0)
            aws.put_object(
                store.bucket,
                upload.key,
                upload.body,
                store.owner,
                plan.kms_key,
                lambda sent: uploading(upload, sent),
            )
            uploaded(upload)

    with ThreadPoolExecutor(PARALLEL_UPLOADS) as pool:
        list(pool.map(one, plan.uploads))


def _parameters(
    stage: Stage,
    template: Mapping[str, Any],
    wishes: Wishes,
    stack: Mapping[str, Any] | None,
) -> tuple[Mapping[str, Any], ...]:
    before = {each["ParameterKey"] for each in stack.get("Parameters", [])} if stack else set()
    values = {**wishes.parameters}
    if not (stage.key_deployed and contract.KEY_PARAMETER in before):
        values[contract.KEY_PARAMETER] = stage.key
    lacking = _without_value(template, {*values, *before})
    if lacking:
        raise SamliveError(
            f"The template's parameters {', '.join(lacking)} have no value.",
            "Give them: --parameter-overrides "
            + " ".join(f"{name}=..." for name in lacking)
            + ", or parameter_overrides in samconfig.toml.",
        )
    found: list[Mapping[str, Any]] = []
    for name in template.get("Parameters", {}):
        if name in values:
            found.append({"ParameterKey": name, "ParameterValue": values[name]})
        elif name in before:
            found.append({"ParameterKey": name, "UsePreviousValue": True})
    return tuple(found)


def missing(
    template: Mapping[str, Any], given: Mapping[str, str], stack: Mapping[str, Any] | None
) -> dict[str, bool]:
    """Return the parameters that nobody has given a value, and whether each is a secret.

    Args:
        template: The rewritten template.
        given: The user's values.
        stack: The stack as it is; None when there is none.
    """
    known = {contract.KEY_PARAMETER, *given}
    if stack and standing.way(stack) == "update":
        known |= {each["ParameterKey"] for each in stack.get("Parameters", [])}
    declared = template.get("Parameters", {})
    return {name: _is_secret(declared[name]) for name in _without_value(template, known)}


def _without_value(template: Mapping[str, Any], known: set[str]) -> list[str]:
    declared = template.get("Parameters", {})
    return [n for n, each in declared.items() if n not in known and "Default" not in each]


def _is_secret(declared: Mapping[str, Any]) -> bool:
    return str(declared.get("NoEcho", "")).lower() == "true"


def _tags(stage: Stage, wishes: Wishes, stack: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the stack's tags: its own when it was adopted, the user's, and ours."""
    return {
        **(standing.tags_of(stack) if stage.adopted and stack else {}),
        **wishes.tags,
        **({standing.ADOPTED_TAG: "yes"} if stage.adopted else {}),
        standing.APP_TAG: stage.app,
        standing.STAGE_TAG: stage.stage,
        standing.VERSION_TAG: __version__,
    }


def _further(wishes: Wishes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if wishes.role_arn:
        found["RoleARN"] = wishes.role_arn
    if wishes.notification_arns:
        found["NotificationARNs"] = list(wishes.notification_arns)
    return found


def _digest(template: Mapping[str, Any], wishes: Wishes, tags: Mapping[str, str]) -> str:
    parts: list[Any] = [template, dict(wishes.parameters), dict(tags), wishes.capabilities]
    parts += [wishes.role_arn, wishes.notification_arns]
    text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False, sort_keys=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _marked(template: Mapping[str, Any], mark: str) -> str:
    from samlive_transform.deployed import render_deployed

    outputs = {**template.get("Outputs", {}), standing.MARK_OUTPUT: {"Value": mark}}
    return render_deployed({**template, "Outputs": outputs})


def _body(
    text: str, uploads: tuple[Upload, ...], store: Store
) -> tuple[dict[str, str], tuple[Upload, ...]]:
    content = text.encode()
    if len(content) > MAX_TEMPLATE_BYTES:
        raise SamliveError(
            f"The rewritten template has {_size(len(content))}; CloudFormation takes no more than "
            f"{_size(MAX_TEMPLATE_BYTES)}.",
            "Move resources into nested stacks (AWS::Serverless::Application).",
        )
    if len(content) <= MAX_INLINE_BYTES:
        return {"TemplateBody": text}, uploads
    key = store.key(content, ".template")
    return {"TemplateURL": store.url(key)}, (*uploads, Upload(key, content, "the template"))


def _size(count: int) -> str:
    return f"{count} B" if count < 1024 else f"{count / 1024:.0f} KB"
