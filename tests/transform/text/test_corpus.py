"""Real templates, edited as the rules edit them and at random.

Each must be read, or refused for what it is, as the public tools do; what is
written for people must be read as the edited tree and keep every comment line
outside of what an edit removes. The templates lie beside the checkout and are
no part of it.
"""

import copy
import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from samlive_transform.edits import Edit, Insert, apply, diff, same
from samlive_transform.errors import TemplateError
from samlive_transform.people import render_people
from samlive_transform.source import Source, load, read

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
FUNCTIONS = ("AWS::Serverless::Function", "AWS::Lambda::Function")
STUB = "import samlive_stub\n\n\ndef handler(event, context):\n    return samlive_stub.run()\n"
GRANT = {
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "iot:Connect",
            "Resource": {"Fn::Sub": "arn:${AWS::Partition}:iot:${AWS::Region}:1:client/x"},
        }
    ]
}
GONE = ("CodeUri", "ImageUri", "ImageConfig", "PackageType", "SnapStart", "VpcConfig", "MemorySize")
ODD: tuple[Any, ...] = (
    "2012-10-17", "0123", "yes", "", "a: b", "x\ny\n", "x" * 200, "é", "{a}", 1, True, None, 1.5,
    [], {}, ["a", {"Ref": "B"}], {"Ref": "AWS::Region"}, {"Fn::GetAtt": ["A", "Arn"]},
    {"Fn::If": ["C", {"A": {"B": [1, [2]]}}, {"Ref": "AWS::NoValue"}]}, {"Fn::Sub": "a\n${B}\n"},
)  # fmt: skip


@cache
def baseline() -> dict[str, dict[str, Any]]:
    """Return what the public tools say, by the file's path in the corpus."""
    with gzip.open(CORPUS / "_about" / "baseline.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return {f"{row['repo'].replace('/', '+')}/{row['path']}": row for row in rows}


def core() -> list[str]:
    listed = CORPUS / "_about" / "shared_core.txt"
    if not listed.exists():
        return []
    rows = (line.split("\t") for line in listed.read_text().splitlines() if line[0] != "#")
    return [f"{row[0].replace('/', '+')}/{row[1]}" for row in rows]


def folders() -> list[str]:
    return sorted({name.split("/")[0] for name in baseline()}) if core() else []


@pytest.fixture(autouse=True)
def corpus() -> None:
    if not core():
        pytest.skip(f"there are no real templates in {CORPUS}")


def go_live(tree: dict[str, Any], rng: Random) -> None:
    """Edit every function as the rules do."""
    for resource in tree["Resources"].values():
        if isinstance(resource, dict) and resource.get("Type") in FUNCTIONS:
            properties = resource.setdefault("Properties", {})
            if isinstance(properties, dict):
                stub(properties, resource["Type"] == FUNCTIONS[0])
    tree["Resources"]["SamLiveQueue"] = {"Type": "AWS::SQS::Queue"}
    if isinstance(tree.setdefault("Parameters", {}), dict):
        tree["Parameters"]["SamLiveKey"] = {"Type": "String", "NoEcho": True}


def stub(properties: dict[str, Any], serverless: bool) -> None:
    for name in GONE:
        properties.pop(name, None)
    properties |= {"Runtime": "python3.13", "Handler": "index.handler", "Timeout": 900}
    properties |= {"InlineCode": STUB} if serverless else {"Code": {"ZipFile": STUB}}
    properties["Layers"] = ["arn:aws:lambda:eu-west-1:1:layer:samlive:1"]
    environment = properties.setdefault("Environment", {})
    if isinstance(environment, dict) and isinstance(environment.get("Variables", {}), dict):
        variables = environment.setdefault("Variables", {})
        variables.pop("NODE_OPTIONS", None)
        variables["SAMLIVE"] = '{"v":1}'
    policies = properties.get("Policies", [])
    properties["Policies"] = [*(policies if isinstance(policies, list) else [policies]), GRANT]


def at_random(tree: dict[str, Any], rng: Random) -> None:
    for _ in range(rng.randint(1, 6)):
        place = rng.choice(list(containers(tree)))
        value = copy.deepcopy(rng.choice(ODD))
        action = rng.choice(("add", "delete", "replace"))
        key: Any = None
        if isinstance(place, dict):
            key = rng.choice([*place, "New"]) if action != "add" else "New key"
        elif place and action != "add":
            key = rng.randrange(len(place))
        if key is None:
            place.insert(rng.randint(0, len(place)), value)
        elif action == "delete" and (isinstance(place, list) or key in place):
            del place[key]
        else:
            place[key] = value


def containers(value: Any) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from containers(child)


def lost_comments(source: Source, edits: tuple[Edit, ...], text: str) -> list[str]:
    """Return the comment lines outside of removed nodes that a text lacks."""
    gone = set[int]()
    root = yaml.compose(source.text, yaml.CSafeLoader)
    assert root is not None
    for edit in edits:
        if not isinstance(edit.value, Insert):
            gone.update(lines_of(source.text, root, edit.path))
    lines = enumerate(source.text.split("\n"))
    kept = Counter(line.strip() for number, line in lines if number not in gone)
    kept.subtract(line.strip() for line in text.split("\n"))
    return [line for line, count in kept.items() if line.startswith("#") and count > 0]


def lines_of(text: str, node: yaml.Node, path: tuple[str | int, ...]) -> range:
    """Return the lines of a key and its value, none for what is not there."""
    start = node.start_mark.line
    for step in path:
        if node.tag.startswith("!") and step in (node.tag[1:], f"Fn::{node.tag[1:]}"):
            continue
        if isinstance(node, yaml.MappingNode):
            found = [pair for pair in node.value if pair[0].value == step]
            if not found:
                return range(0)
            start, node = found[0][0].start_mark.line, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            start = node.start_mark.line
    end = text[: node.end_mark.index].rstrip()
    while end.rpartition("\n")[2].lstrip().startswith("#"):
        end = end.rpartition("\n")[0].rstrip()
    return range(start, end.count("\n") + 1)


def check(name: str, seeds: int) -> None:
    source = sound(name)
    if source is None:
        return
    for seed in range(seeds):
        # Not hash(): it differs from run to run.
        rng = Random(zlib.crc32(name.encode()) + seed)
        after = copy.deepcopy(source.tree)
        (at_random if seed else go_live)(after, rng)
        edits = diff(source.tree, after)
        assert same(apply(source.tree, edits), after)
        text = render_people(source, edits)
        assert same(load(text.removeprefix("\ufeff"))[1].value, after), (name, seed)
        if source.kind == "yaml":
            assert lost_comments(source, edits, text) == [], (name, seed)


def sound(name: str) -> Source | None:
    """Read a template; what the public tools cannot read must be refused with its place."""
    row = baseline()[name]
    try:
        source = read(CORPUS / name)
    except TemplateError as error:
        assert error.line > 0, error
        assert error.hint, error
        if row["decode"] == "FAIL" and row.get("pyyaml_compose"):
            assert "looks like a " in error.message, error
        return None
    assert row["decode"] == "ok", f"{name} is refused by cfn-lint: {row['decode_matches']}"
    assert render_people(source, []).removeprefix("\ufeff") == source.text
    return source


@pytest.mark.parametrize("name", core())
def test_the_core(name: str) -> None:
    check(name, 3)


@pytest.mark.slow
@pytest.mark.parametrize("folder", folders())
def test_all_of_it(folder: str) -> None:
    for name in baseline():
        if name.startswith(folder + "/"):
            check(name, 3)
