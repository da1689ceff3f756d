"""Reads a template: its text, its tree, and where in the text each part stands.

    bytes -> text -> nodes (yaml_tree, json_tree) -> checks (shape) -> Source

What cannot be a template is refused here, with the place and with what its
owner can do; everything behind this module can rely on `Resources` being a
mapping of mappings with a text as `Type`.
"""

import difflib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

import yaml

from samlive_transform import json_tree, yaml_tree
from samlive_transform.errors import TemplateError
from samlive_transform.places import Places
from samlive_transform.refusals import find_markers, not_rendered, not_yaml
from samlive_transform.shape import check_shape
from samlive_transform.yaml_tree import Node, Unreadable

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MOST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A template as it was read.

    Args:
        name: The file as the user named it, for messages.
        path: The file; None for text that came from elsewhere.
        text: Its text without a byte order mark.
        kind: "yaml" or "json", by content.
        tree: Plain data, short tags in long form, keys always text.
        root: The same as nodes with their places.
        places: The lines of all parts.
        marked: Whether the file starts with a byte order mark.
    """

    name: str
    path: Path | None
    text: str = field(repr=False)
    kind: Literal["yaml", "json"]
    tree: dict[str, Any] = field(repr=False)
    root: Node = field(repr=False)
    places: Places = field(repr=False)
    marked: bool = False

    def line(self, path: tuple[str | int, ...]) -> int:
        """Return the line of a part of the template, counted from 1.

        Args:
            path: Keys and indices from the top, as in the tree; where it leads
                to nothing, the nearest part above it counts.
        """
        return self.places.line(path)


def read(path: Path) -> Source:
    """Read a template from a file.

    Args:
        path: The file as the user named it.

    Raises:
        TemplateError: It cannot be read, or it is no template.
    """
    name = str(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise TemplateError(
            "the file does not exist", _suggest_file(path.parent, path.name), name
        ) from None
    except IsADirectoryError:
        raise TemplateError(
            "this is a directory, not a template", _suggest_file(path, "template.yaml"), name
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise TemplateError(
            f"the file cannot be read: {reason}", "Check its path and permissions.", name
        ) from None
    if len(data) > MOST_BYTES:
        _refuse_size(name, len(data))
    return _parse(_decode(data, name), name, path)


def parse(text: str, name: str = "template.yaml") -> Source:
    """Read a template from a text.

    Args:
        text: YAML or JSON; a byte order mark is accepted.
        name: What to call it in messages.

    Raises:
        TemplateError: It is no template.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MOST_BYTES:
        _refuse_size(name, size)
    return _parse(text, name, None)


def load(text: str, name: str = "template.yaml") -> tuple[Literal["yaml", "json"], Node]:
    """Read any YAML or JSON document into nodes.

    Args:
        text: The document without a byte order mark.
        name: What to call it in messages.

    Returns:
        Its kind by content, and its root.

    Raises:
        TemplateError: It is neither, or it is empty.
    """
    try:
        if text.lstrip().startswith("{"):
            try:
                return "json", json_tree.compose(text)
            except json.JSONDecodeError as error:
                return _flow_yaml(text, name, error)
        root = yaml_tree.compose(text)
    except yaml.YAMLError as error:
        line, column = yaml_tree.position(error)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        raise not_yaml(name, text, problem, line, column) from None
    except Unreadable as error:
        raise _unreadable(name, text, error) from None
    if root is None:
        raise TemplateError(
            "the file is empty" if not text.strip() else "the file holds nothing but comments",
            "A template needs at least a section 'Resources'.",
            name,
            1,
        )
    return "yaml", root


def _parse(text: str, name: str, path: Path | None) -> Source:
    marked = text.startswith("\ufeff")
    text = text[1:] if marked else text
    kind, root = load(text, name)
    places = Places(root)
    check_shape(root, name, places)
    return Source(name, path, text, kind, root.value, root, places, marked)


def _flow_yaml(
    text: str, name: str, error: json.JSONDecodeError
) -> tuple[Literal["yaml", "json"], Node]:
    """Read what starts like JSON as YAML, or say what is wrong with the JSON."""
    try:
        root = yaml_tree.compose(text)
    except (yaml.YAMLError, Unreadable) as trouble:
        if isinstance(trouble, Unreadable) and trouble.reason != "key":
            raise
        if markers := find_markers(text, error.lineno):
            raise not_rendered(name, markers, error.msg) from None
        raise TemplateError(
            f"column {error.colno}: no valid JSON: {error.msg}",
            "Look at the end of the line above as well: a comma may be missing or too many.",
            name,
            error.lineno,
        ) from None
    assert root is not None, "a text that starts with a brace is not empty"
    return "yaml", root


def _unreadable(name: str, text: str, error: Unreadable) -> TemplateError:
    place = f"column {error.column + 1}: found {error.problem}"
    line = error.line + 1
    if error.reason == "key" and (markers := find_markers(text, line)):
        return not_rendered(name, markers)
    if error.reason == "duplicate":
        return TemplateError(
            f"{place}, first in line {error.first + 1} and again in line {line}",
            "Keep one of the two: tools disagree on which one counts.",
            name,
            line,
        )
    hints = {
        "key": "A key must be a text; put it into quotes.",
        "documents": "A template is one document: remove the line '---' and what follows it.",
        "alias": "Define the anchor above its aliases, or write the value out.",
        "nesting": "Flatten the template.",
    }
    return TemplateError(place, hints[error.reason], name, line)


def _decode(data: bytes, name: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise TemplateError("the file is encoded as UTF-16", "Save it as UTF-8.", name, 1)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise TemplateError(
            f"column {column}: the byte 0x{data[error.start]:02x} is no UTF-8",
            "Save the file as UTF-8.",
            name,
            line,
        ) from None


def _refuse_size(name: str, size: int) -> NoReturn:
    raise TemplateError(
        f"the template has {size:,} bytes; CloudFormation takes at most {MOST_BYTES:,} (1 MB)",
        "Move a part of it into a nested stack.",
        name,
    )


def _suggest_file(folder: Path, wanted: str) -> str:
    if not folder.is_dir():
        return f"There is no directory {folder}."
    found = sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.suffix in (".yaml", ".yml", ".json", ".template")
    )
    close = difflib.get_close_matches(wanted, found, n=1, cutoff=0.75)
    if close:
        return f"Did you mean {folder / close[0]}?"
    if found:
        return f"Found in {folder}: {', '.join(found[:5])}."
    return f"There is no template in {folder}; name the file."
