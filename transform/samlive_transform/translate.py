"""Translates SAM to CloudFormation on this machine, as AWS would at deploy time.

For checks only, never for the output: names that SAM generates are public, so a
template is deployed as SAM. The translator is imported late (it imports the AWS
SDK) and needs no network: local paths become placeholders in S3, managed
policies keep their names, and every application of the repository exists.
"""

from copy import deepcopy
from types import SimpleNamespace
from typing import Any

from samlive_transform.errors import TransformError
from samlive_transform.inventory import is_local
from samlive_transform.model import Template
from samlive_transform.packaged import PACKAGED, URI, URL
from samlive_transform.steps import Step, apply, at

_REGION = "us-east-1"
_PLACES = {URI: "s3://bucket/key", URL: "https://bucket.s3.amazonaws.com/key"}


def translate(tree: dict[str, Any], parameters: dict[str, str] | None = None) -> dict[str, Any]:
    """Return a template as plain CloudFormation.

    Args:
        tree: A SAM template; one without SAM resources comes back as it is.
        parameters: Values of its parameters; defaults fill the rest.

    Raises:
        TransformError: SAM refuses the template; the message is SAM's.
        ImportError: The SAM translator is not installed.
    """
    if not _has_sam(tree):
        return tree
    from samtranslator.metrics.metrics import DummyMetricsPublisher, Metrics
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.plugins.application.serverless_app_plugin import ServerlessAppPlugin
    from samtranslator.translator.translator import Translator
    from samtranslator.utils.py27hash_fix import (
        to_py27_compatible_template,
        undo_mark_unicode_str_in_template,
    )

    fragment, values = deepcopy(_placed(tree)), _values(tree, parameters or {})
    applications = ServerlessAppPlugin(sar_client=_Repository(), parameters=values)
    session = SimpleNamespace(region_name=_REGION)
    metrics = Metrics("samlive", DummyMetricsPublisher())
    translator = Translator(None, Parser(), [applications], session, metrics)
    try:
        to_py27_compatible_template(fragment, values)  # SAM hashes what Python 2 would have
        made = translator.translate(fragment, values, get_managed_policy_map=dict)
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes) or error.message
        raise TransformError(f"SAM refuses the template: {causes}", "Correct it.") from None
    finally:
        metrics.publish()  # to nobody: it complains about what is left
    translated: dict[str, Any] = undo_mark_unicode_str_in_template(made)
    return translated


class _Repository:
    """Stands in for the Serverless Application Repository: every application exists."""

    def get_application(self, **wanted: str) -> dict[str, str]:
        return wanted

    def create_cloud_formation_template(self, **wanted: str) -> dict[str, str]:
        return {"TemplateUrl": _PLACES[URL], "Status": "ACTIVE"}


def _has_sam(tree: dict[str, Any]) -> bool:
    return any(
        resource.type.startswith("AWS::Serverless::")
        for resource in Template(tree, {}).resources.values()
    )


def _values(tree: dict[str, Any], given: dict[str, str]) -> dict[str, Any]:
    declared = Template(tree, {}).section("Parameters")
    defaults = {
        name: each["Default"]
        for name, each in declared.items()
        if isinstance(each, dict) and "Default" in each
    }
    return defaults | given


def _placed(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a template whose local paths look uploaded: SAM takes no others."""
    steps = []
    for resource in Template(tree, {}).resources.values():
        for packaged in PACKAGED.get(resource.type, ()):
            path = resource.at(*packaged.path.split("."))
            value = at(tree, path)
            if packaged.form in _PLACES and isinstance(value, str) and is_local(value):
                steps.append(Step(path, _PLACES[packaged.form], ""))
    shared = ("Globals", "Function", "CodeUri")
    if isinstance(value := at(tree, shared), str) and is_local(value):
        steps.append(Step(shared, _PLACES[URI], ""))
    return apply(tree, steps)
