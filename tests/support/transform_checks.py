"""What must hold of every rewrite, checked with other means than the transform's own.

Each check returns complaints; none means that it holds. `benchmarks/corpus.py`
counts them over real templates, the property tests over made-up ones.
"""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any
from unittest import mock

from samlive_stub.contract import STUB_ACCESS
from samlive_transform import Options, Result, Source, TransformError, parse, transform
from samlive_transform.intrinsics import get_att, intrinsic, possible
from samlive_transform.macro import handler, options_of
from samlive_transform.model import Template
from samlive_transform.translate import translate
from samlive_transform.yaml_tree import MAPPING, SEQUENCE, Node

MOST_ADDED = 3


def equal(left: Any, right: Any) -> bool:
    """Compare two trees, true and 1 kept apart."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return type(left) is type(right) and bool(left == right)


def people(source: Source, result: Result) -> Iterator[str]:
    """The text for people reads as the rewritten template and keeps its comments."""
    text = result.people()
    try:
        again = parse(text, source.name)
    except TransformError as error:
        yield f"people's output does not parse: {error}"
        return
    if not equal(again.tree, result.template):
        yield "people's output means something else"
    if source.kind == "yaml":
        lost = Counter(_comments(source, result)) - Counter(line for _, line in _lines(text))
        for line in lost:
            yield f"people's output lost the comment {line!r}"


def permissions(result: Result, translated: dict[str, Any]) -> Iterator[str]:
    """Every live function's role holds the permission, whatever conditions say."""
    resources = translated["Resources"]
    attached = set()
    for resource in resources.values():
        if resource.get("Type") == "AWS::IAM::Policy" and _allows(
            resource["Properties"].get("PolicyDocument")
        ):
            attached |= {str(role) for role in resource["Properties"].get("Roles", [])}
    for id in live_ids(result):
        given = resources.get(id, {}).get("Properties", {}).get("Role")
        for role in possible(given, Template(translated, {}).resolver.condition):
            name = _name(role)
            policies = resources.get(name, {}).get("Properties", {}).get("Policies")
            held = all(
                any(_holds(entry) for entry in _items(branch)) for branch in _branches(policies)
            )
            if not held and str({"Ref": name}) not in attached:
                yield f"{id}: the role {name or role} lacks the permission"


def queues(result: Result, translated: dict[str, Any]) -> Iterator[str]:
    """No queue shows a message again before its live function may have finished."""
    template = Template(translated, {})
    for mapping in template.of_type("AWS::Lambda::EventSourceMapping"):
        for id in set(template.called(mapping.own.get("FunctionName"))) & live_ids(result):
            timeout = template.resolver.integer(template.functions[id].own.get("Timeout", 3))
            for target in template.target(mapping.own.get("EventSourceArn")):
                queue = template.resources[target]
                if queue.type != "AWS::SQS::Queue" or timeout is None:
                    continue
                for value in _branches(queue.own.get("VisibilityTimeout", 30)):
                    visible = template.resolver.integer(value)
                    if visible is None or visible < timeout:
                        yield f"{id}: {target} shows messages after {value}, not {timeout} s"


def added(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """A rewrite adds next to no resources, whatever the number of functions."""
    more = len(after["Resources"]) - len(before["Resources"])
    if more > MOST_ADDED:
        yield f"{more} resources added"


def macro(source: Source, result: Result, wanted: Options) -> Iterator[str]:
    """The macro gives what the command gives, for a template without local templates."""
    if result.nested or any(change.path == "" for change in result.report.changes):
        return  # the command reads files beside the template, the macro cannot
    settings = {
        "SAMLIVE_APP": wanted.app,
        "SAMLIVE_LAYER_ARN": wanted.layer_arn,
        "SAMLIVE_LAYER_DIGEST": wanted.layer_digest,
        "SAMLIVE_ENDPOINT": wanted.endpoint,
    }
    values = {"SamLiveStage": wanted.stage}
    event = {
        "requestId": "one",
        "fragment": source.tree,
        "templateParameterValues": _defaults(source.tree) | values,
    }
    with mock.patch.dict(os.environ, settings):
        answer = handler(event, None)
    expected = transform(source, options_of(values, settings)).template
    if not equal(answer["fragment"], expected):
        yield f"the macro gives something else: {answer.get('errorMessage', '')}"
    silent = handler({**event, "templateParameterValues": {}}, None)
    if silent["fragment"] is not source.tree:
        yield "the macro touches a template without a stage"


def _defaults(tree: dict[str, Any]) -> dict[str, Any]:
    declared = Template(tree, {}).section("Parameters")
    return {
        name: str(each["Default"])
        for name, each in declared.items()
        if isinstance(each, dict) and "Default" in each
    }


def report(source: Source, result: Result) -> Iterator[str]:
    """The report's changes are exactly the differences of the two trees."""
    own = [change for change in result.report.changes if not change.file]
    places = {
        resource.id: resource.path
        for tree in (source.tree, result.template)
        for resource in Template(tree, {}).resources.values()
    }
    told = set()
    for change in own:
        head = places.get(change.logical_id)
        if head is None:
            inside = change.logical_id in result.template.get("Resources", {}) or (
                change.logical_id in source.tree.get("Resources", {})
            )
            head = ("Resources", change.logical_id) if inside else (change.logical_id,)
        told.add(".".join(map(str, head)) + (f".{change.path}" if change.path else ""))
        if equal(change.before, change.after):
            yield f"reported without a difference: {change.logical_id} {change.path}"
        if not change.reason or not change.rule:
            yield f"changed without a reason: {change.logical_id} {change.path}"
    found = {".".join(map(str, path)) for path in leaves(source.tree, result.template)}
    for path in found:
        # An empty section that is filled counts as absent: its new keys are what is told.
        if not any(
            f"{path}.".startswith(f"{each}.") or each.startswith(f"{path}.") for each in told
        ):
            yield f"not in the report: {path}"
    for each in told:
        if not any(path == each or path.startswith(f"{each}.") for path in found):
            yield f"in the report but no difference: {each}"


def leaves(before: Any, after: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every scalar (or empty container) that one tree has and the other not."""
    left, right = dict(_scalars(before, path)), dict(_scalars(after, path))
    for place in left.keys() | right.keys():
        if place not in left or place not in right or not equal(left[place], right[place]):
            yield place


def live_ids(result: Result) -> set[str]:
    """Logical ids of the live functions of this very template."""
    return {each.logical_id for each in result.report.functions if each.live and not each.file}


def translations(source: Source, result: Result) -> tuple[dict[str, Any] | None, Any]:
    """Return the template and the rewritten one as plain CloudFormation.

    None for a template that SAM refuses as it is; the complaint (a text) when
    SAM refuses only what the rewrite made of it.
    """
    try:
        before = translate(source.tree)
    except TransformError:
        return None, None
    try:
        return before, translate(result.template)
    except TransformError as error:
        return before, error.message


def _scalars(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _scalars(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _scalars(item, (*path, index))
    else:
        yield path, value


def _branches(value: Any) -> Iterator[Any]:
    if intrinsic(value) == "Fn::If":
        yield from _branches(value["Fn::If"][1])
        yield from _branches(value["Fn::If"][2])
    elif value != {"Ref": "AWS::NoValue"}:
        yield value


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _holds(entry: Any) -> bool:
    return isinstance(entry, dict) and _allows(entry.get("PolicyDocument"))


def _allows(document: Any) -> bool:
    statements = _items(document.get("Statement")) if isinstance(document, dict) else []
    actions = {str(each.get("Action")) for each in statements if isinstance(each, dict)}
    return {action for action, _ in STUB_ACCESS} <= actions


def _name(role: Any) -> str:
    if found := get_att(role):
        return found[0]
    text = role.get("Fn::Sub") if isinstance(role, dict) else None
    if isinstance(text, str):
        return text.partition("${")[2].partition(".")[0].rstrip("}")
    if isinstance(role, dict) and "Ref" in role:
        return str(role["Ref"])
    joined = role["Fn::Join"][1] if isinstance(role, dict) and "Fn::Join" in role else []
    for part in joined:
        if isinstance(part, dict):
            name = str(part.get("Ref", (get_att(part) or ("",))[0]))
            if name and not name.startswith("AWS::"):
                return name
    return ""


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines()):
        if line.lstrip().startswith("#"):
            yield number, line.strip()


def _comments(source: Source, result: Result) -> Iterator[str]:
    """Comment lines of a text that no removed or replaced node holds."""
    starts = [0]
    for line in source.text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    texts = list(_scalar_spans(source.root))
    gone = list(_gone_spans(source.root, source.tree, result.template))
    for number, line in _lines(source.text):
        offset = starts[number]
        if not any(start < offset < end for start, end in (*texts, *gone)):
            yield line


def _scalar_spans(node: Node) -> Iterator[tuple[int, int]]:
    if node.kind not in (MAPPING, SEQUENCE):
        yield node.start, node.end
    for child in node.children:
        yield from _scalar_spans(child)


def _gone_spans(node: Node, before: Any, after: Any) -> Iterator[tuple[int, int]]:
    """Spans of what is not there any more, or is something else."""
    if (
        node.kind == MAPPING
        and not node.tag
        and isinstance(before, dict)
        and isinstance(after, dict)
    ):
        for key, child in node.pairs():
            if key.text not in after:
                yield key.start, child.end
            elif key.text in before:
                yield from _gone_spans(child, before[key.text], after[key.text])
    elif node.kind == SEQUENCE and isinstance(before, list) and isinstance(after, list):
        if len(after) < len(before):
            yield node.start, node.end
        else:
            for child, old, new in zip(node.children, before, after, strict=False):
                yield from _gone_spans(child, old, new)
    elif not equal(before, after):
        yield node.start, node.end
