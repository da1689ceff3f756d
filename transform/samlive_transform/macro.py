"""The transform as a CloudFormation macro: the same rules on a fragment.

    Transform: [SamLive, AWS::Serverless-2016-10-31]

CloudFormation calls the handler with the raw SAM template. Whole-template
macros get no parameters of their own, so the stage comes from the template's
parameter `SamLiveStage`, and what is the same for all stages of an account (the
stub layer, the IoT endpoint) from the macro function's environment. Without a
stage, or with a name that reads like a shared environment ("prod"), the fragment
goes back as it came: a production deploy of the same template is untouched.

A macro reads no local files; nested templates and includes are the command's
alone. Nothing is imported here that the macro's zip does not hold.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from samlive_transform.errors import TransformError
from samlive_transform.options import Options
from samlive_transform.rewrite import transform
from samlive_transform.stages import looks_shared

STAGE_PARAMETER = "SamLiveStage"
"""Parameter of the user's template; empty or absent for a deploy without samlive."""

APP_PARAMETER = "SamLiveApp"
"""Parameter with the application's name; the macro's `SAMLIVE_APP` when absent."""

SECRET = "samlive/{app}/{stage}"
"""Name of the secret (Secrets Manager) that holds the stage's key."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A template as CloudFormation hands it over: without text, file or lines."""

    tree: dict[str, Any]
    name: str = "the template"
    path: FilePath | None = None

    def line(self, path: tuple[str | int, ...]) -> int:
        """Return 0: there are no lines."""
        return 0


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Answer one call of CloudFormation.

    Args:
        event: `fragment`, `requestId` and `templateParameterValues` of the macro contract.
        context: Not used.

    Returns:
        The rewritten fragment, the same fragment when no stage is named, or
        the reason why the template cannot go live.
    """
    answer = {"requestId": event["requestId"], "status": "success", "fragment": event["fragment"]}
    values = _texts(event.get("templateParameterValues") or {})
    stage = values.get(STAGE_PARAMETER)
    if not stage or looks_shared(stage):
        return answer
    try:
        options = options_of(values, os.environ)
        return answer | {"fragment": transform(Fragment(event["fragment"]), options).template}
    except TransformError as error:
        message = f"samlive: {error.message} {error.hint}".strip()
        return answer | {"status": "failure", "errorMessage": message}


def options_of(values: Mapping[str, str], environment: Mapping[str, str]) -> Options:
    """Return the options of a call.

    Args:
        values: The template's parameters.
        environment: The macro function's environment.

    Raises:
        TransformError: A setting is missing.
    """
    app = values.get(APP_PARAMETER) or _setting(environment, "SAMLIVE_APP")
    stage = values[STAGE_PARAMETER]
    return Options(
        app=app,
        stage=stage,
        layer_arn=_setting(environment, "SAMLIVE_LAYER_ARN"),
        layer_digest=_setting(environment, "SAMLIVE_LAYER_DIGEST"),
        endpoint=_setting(environment, "SAMLIVE_ENDPOINT"),
        iot_region=environment.get("SAMLIVE_IOT_REGION", ""),
        parameters=values,
        key_default=f"{{{{resolve:secretsmanager:{SECRET.format(app=app, stage=stage)}}}}}",
    )


def _setting(environment: Mapping[str, str], name: str) -> str:
    if not environment.get(name):
        raise TransformError(
            f"the macro function lacks the variable {name}", "Run samlive macro deploy again."
        )
    return environment[name]


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Return parameter values as texts: CloudFormation gives lists as lists."""
    return {
        name: ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in values.items()
    }
