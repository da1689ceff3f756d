"""What the caller decides before a template is rewritten."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from samlive_transform.report import FunctionReport


@dataclass(frozen=True, slots=True)
class Options:
    """The stage a template is rewritten for, and the user's wishes.

    Args:
        app: Name of the application.
        stage: Name of the stage.
        layer_arn: ARN of the stub layer's version.
        layer_digest: Digest of the stub layer; part of the inline code, so that a
            new stub publishes a new function version (`AutoPublishAlias`).
        endpoint: Host of the IoT data endpoint, ":port" when not 443.
        iot_region: Region of that endpoint; empty for the stack's own region.
        stub_runtime: Managed Python runtime that runs the stub.
        parameters: Parameter values known before the deploy; defaults fill the rest.
        keep_timeouts: Leave timeouts (and queues) as they are.
        keep_vpc: Leave live functions in their VPC.
        no_retries: Set `MaximumRetryAttempts: 0` for asynchronous invocations.
        adopt: Taking over an existing stack: physical names stay.
        only: Logical ids that go live; empty for all that can.
        exclude: Logical ids that are kept.
        live: Logical ids that go live although they run at deploy time.
        absence: What a stub does when no relay listens: "fail", "drop", or what differs
            from "fail" by kind of event, such as "queue=drop,async=drop".
        attach_role_policy: Attach the permission to roles outside the template too.
        obstacle: Called with a function as it was declared; why this machine cannot
            run it, "" when it can. None when that does not matter here.
        key_default: Default of the key's parameter, such as a dynamic reference; for
            the macro, which cannot ask for a value. Empty for none.
    """

    app: str
    stage: str
    layer_arn: str
    layer_digest: str
    endpoint: str
    iot_region: str = ""
    stub_runtime: str = "python3.13"
    parameters: Mapping[str, str] = field(default_factory=dict)
    keep_timeouts: bool = False
    keep_vpc: bool = False
    no_retries: bool = False
    adopt: bool = False
    only: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    live: frozenset[str] = frozenset()
    absence: str = "fail"
    attach_role_policy: bool = False
    obstacle: Callable[[FunctionReport], str] | None = None
    key_default: str = ""
