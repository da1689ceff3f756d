"""From settings to a rewritten template, with or without an account to ask.

What a rewrite needs to know of the account (layer, endpoint) is remembered
from the last session of the stage. Before there was one, names are derived
that show where the real ones will stand; such a template cannot be deployed
by hand, and `samlive transform` says so.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from samlive import build_command
from samlive.errors import SamliveError
from samlive.settings import Settings

if TYPE_CHECKING:
    from samlive_transform import Options, Result, Source

DEFAULT_REGION = "us-east-1"
UNKNOWN_ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rewrite has to know of the account.

    Args:
        layer_arn: ARN of the stub layer's version.
        layer_digest: Digest of the stub layer.
        endpoint: Host of the IoT data endpoint.
        region: Region of the stack.
        iot_region: Region of that endpoint.
        known: Whether these are real, not derived.
    """

    layer_arn: str
    layer_digest: str
    endpoint: str
    region: str
    iot_region: str
    known: bool = True

    def as_record(self) -> dict[str, Any]:
        """Return the facts as they are remembered."""
        return {
            "layer_arn": self.layer_arn,
            "layer_digest": self.layer_digest,
            "endpoint": self.endpoint,
            "region": self.region,
            "iot_region": self.iot_region,
        }


def recall(record: Mapping[str, Any], settings: Settings) -> Facts:
    """Return the facts of the last session, or names derived in their place."""
    from samlive.deploy import layer

    region = settings.text("region") or record.get("region") or DEFAULT_REGION
    names = ("layer_arn", "layer_digest", "endpoint", "region", "iot_region")
    if record.get("region") == region and all(isinstance(record.get(n), str) for n in names):
        return Facts(*(record[name] for name in names))
    iot_region = settings.text("iot_region") or region
    _, digest = layer.build()
    arn = layer.placeholder(region, UNKNOWN_ACCOUNT, digest).arn
    endpoint = f"{UNKNOWN_ACCOUNT}-ats.iot.{iot_region}.amazonaws.com"
    return Facts(arn, digest, endpoint, region, iot_region, known=False)


def options(
    settings: Settings,
    stage: str,
    facts: Facts,
    stack: Mapping[str, Any] | None = None,
    adopt: bool = False,
) -> "Options":
    """Return the transform's options.

    Args:
        settings: What the user wants.
        stage: Name of the stage.
        facts: What is known of the account.
        stack: The stack as it is; its parameter values hold where none is given.
        adopt: The stack was somebody else's: physical names stay.
    """
    from samlive import toolchains
    from samlive_transform import Options

    before = {
        each["ParameterKey"]: each["ParameterValue"]
        for each in (stack or {}).get("Parameters", [])
        if set(each.get("ParameterValue", "*")) != {"*"}  # NoEcho
    }
    return Options(
        app=settings.app,
        stage=stage,
        layer_arn=facts.layer_arn,
        layer_digest=facts.layer_digest,
        endpoint=facts.endpoint,
        iot_region="" if facts.iot_region == facts.region else facts.iot_region,
        stub_runtime=settings.text("stub_runtime") or "python3.13",
        parameters={**before, **settings.pairs("parameter_overrides")},
        keep_timeouts=settings.flag("keep_timeouts"),
        keep_vpc=settings.flag("keep_vpc"),
        no_retries=settings.flag("no_retries"),
        adopt=adopt,
        only=frozenset(settings.items("only")),
        exclude=frozenset(settings.items("exclude")),
        live=frozenset(settings.items("live")),
        absence=settings.text("absence") or "fail",
        attach_role_policy=settings.flag("attach_role_policy"),
        obstacle=toolchains.obstacle,
    )


def read(settings: Settings, stop: threading.Event | None = None) -> "Source":
    """Read the template, or build it first by the user's command.

    Args:
        settings: What the user wants.
        stop: Set when the user wants to stop.

    Raises:
        SamliveError: There is no such file, or the command fails.
        TransformError: It is no template; says why.
    """
    import samlive_transform

    template, command = settings.template, settings.text("build_template_command")
    if command:
        text = build_command.render(template, command, stop)
        source = samlive_transform.parse(text, f"{template} (built)")
        return replace(source, path=template)
    if not template.exists():
        raise SamliveError(
            f"There is no template {template}.",
            "Name the one to use, after the command or with --template.",
        )
    return samlive_transform.read(template)


def rewrite(settings: Settings, wanted: "Options", stop: threading.Event | None = None) -> "Result":
    """Read and rewrite the template.

    Args:
        settings: What the user wants.
        wanted: The transform's options.
        stop: Set when the user wants to stop.

    Raises:
        SamliveError: There is no such file, or the command that builds it fails.
        TransformError: It cannot go live; says why.
    """
    from samlive_transform import transform

    return transform(read(settings, stop), wanted)
