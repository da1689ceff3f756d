"""Writes back where an artifact was uploaded to.

An artifact names its place by logical id and dotted path, as people read it; a
key of a template may hold dots itself (the path of an API, a domain), and a
resource may stand inside a loop. This module finds the place again.
"""

from typing import Any

from samlive_transform.model import Template
from samlive_transform.report import Artifact
from samlive_transform.steps import Path, Step, apply, at


def place(tree: dict[str, Any], artifact: Artifact, value: Any) -> dict[str, Any]:
    """Return a template with an artifact's property set.

    Args:
        tree: The rewritten template that the artifact belongs to; it is not changed.
        artifact: One of `Result.artifacts`.
        value: What its form asks for: a URI, a URL, or a mapping of bucket and key.
    """
    owner = artifact.logical_id.rpartition("/")[2]
    resource = Template(tree, {}).resources.get(owner)
    root: Path = resource.path if resource else (owner,)
    return apply(tree, [Step((*root, *_keys(at(tree, root), artifact.path)), value, "")])


def _keys(node: Any, dotted: str) -> Path:
    """Split a dotted path into the keys and indices that a node has."""
    if isinstance(node, list):
        head, _, rest = dotted.partition(".")
        index = int(head)
        return (index, *_keys(node[index], rest)) if rest else (index,)
    known = node if isinstance(node, dict) else {}
    if dotted in known or "." not in dotted:
        return (dotted,)
    fitting = [key for key in known if dotted.startswith(f"{key}.")]
    head = max(fitting, key=len, default=dotted.partition(".")[0])
    return (head, *_keys(known.get(head), dotted[len(head) + 1 :]))
