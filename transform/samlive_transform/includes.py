"""Expands `AWS::Include` of local files that bring functions into the template.

CloudFormation would include the file after the rewrite, so a function in it
could not go live. Other local includes are left alone and packaged.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html
"""

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

from samlive_transform.errors import TransformError
from samlive_transform.inventory import is_local
from samlive_transform.model import PLAIN_FUNCTION, SAM_FUNCTION
from samlive_transform.origin import Origin
from samlive_transform.steps import REMOVED, Path, Step

NAME = "AWS::Include"
_REASON = "the included file declares functions, which must be in the template to go live"


def expand(source: Origin) -> Iterator[Step]:
    """Yield the steps that put included resources in place of their include.

    Raises:
        TransformError: The file does not exist or is not YAML or JSON.
    """
    resources = source.tree["Resources"]
    for key in ("Fn::Transform", "Transform"):
        location = location_of(resources.get(key))
        if location is None or source.path is None:
            continue
        content = _load(source.path.parent / location, source, ("Resources", key))
        if any(_is_function(each) for each in content.values()):
            yield Step(("Resources", key), REMOVED, _REASON)
            for id, resource in content.items():
                yield Step(("Resources", id), resource, _REASON)


def location_of(transform: Any) -> str | None:
    """Return the local file that a transform includes; None when it is no such include."""
    if not isinstance(transform, dict) or transform.get("Name") != NAME:
        return None
    parameters = transform.get("Parameters")
    location = parameters.get("Location") if isinstance(parameters, dict) else None
    return location if isinstance(location, str) and is_local(location) else None


def _load(path: FilePath, source: Origin, place: Path) -> dict[str, Any]:
    from samlive_transform.source import load

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TransformError(
            f"the included file {path} cannot be read: {error}",
            "Correct the location, or save the file as UTF-8.",
            source.name,
            source.line(place),
        ) from None
    content = load(text.removeprefix("\ufeff"), str(path))[1].value
    return content if isinstance(content, dict) else {}


def _is_function(resource: Any) -> bool:
    return isinstance(resource, dict) and resource.get("Type") in (SAM_FUNCTION, PLAIN_FUNCTION)
