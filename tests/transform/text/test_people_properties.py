"""Any edit of any layout: what comes out means what was asked for, and comments stay.

The layouts are uglier than what people write: comments wherever YAML allows them,
mixed indentation, every quoting style, brackets over several lines, anchors.
"""

import copy
import json
from collections import Counter
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from samlive_transform import source
from samlive_transform.edits import apply, diff, same
from samlive_transform.people import render_people
from samlive_transform.scalars import fits_block, needs_quotes

TEXTS = (
    "app.handler", "2012-10-17", "012345678912", "yes", "on", "12:30:45", "1.10", "null", "~", "",
    "a: b", "a #b", "- x", "*star", "&amp", "!bang", "%x", "@at", "`t", "{x}", "[y", "it's",
    'say "hi"', "back\\slash", "tab\there", "one\ntwo", "one\ntwo\n", "\nlead", "  lead", "trail  ",
    "a\n\n\nb", "a\n\n", "a  \nb  \n", "é ü 漢", "emoji 😀", "x" * 99, "key:", "#h", "? q", "| p",
    "=", "<<", "True", "1e3", "0x1F", "1_000", "${AWS::Region}-x", "arn:aws:iam::1:role/x", "a,b",
    "\u2028sep", "cr\rlf", "nbsp\u00a0", "-", "---", "...", ":", "a:b", "y", "N", ".5", "+1", "-1",
    "\ufeffbom", "\x7fdel", "\x00nul", "a\n#b\n", "a\n  b\n c\n", "\ttab", "x\n\ty\n", "!Ref x",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    1, 0, -5, 900, True, False, None, 1.5, 1e20, 123456789012, [], {}, ["a"],
    [1, "2", {"Ref": "X"}], {"Ref": "AWS::Region"}, {"Fn::Sub": "${A}-b"},
    {"Fn::GetAtt": ["A", "Arn"]}, {"Fn::GetAtt": "A.B"}, {"Fn::GetAtt": ["A", "B.C"]},
    {"Fn::GetAtt": ["A", {"Ref": "B"}]}, {"Fn::If": ["C", 900, {"Ref": "AWS::NoValue"}]},
    {"Fn::If": ["C", {"A": 1, "B": [1, 2]}, {"Ref": "AWS::NoValue"}]},
    {"Fn::Sub": ["${a}${b}", {"a": {"Ref": "X"}, "b": "c"}]},
    {"Fn::Base64": {"Fn::Sub": "x\ny\n"}}, {"Fn::Sub": "multi\nline ${A}\n"},
    {"a": {"b": {"c": [[1, 2], [3]]}}}, [[1], [[2]]], [{"a": 1, "b": {"c": 2}}, {"d": []}],
    {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "x"}}},
    {"Condition": "IsProd"}, {"Fn::And": [{"Condition": "A"}, {"Fn::Not": [{"Condition": "B"}]}]},
)  # fmt: skip
# A seed, as a layout takes more choices than hypothesis likes to draw one by one.
SEEDS = st.integers(0, 2**32)
KEYS = ("A", "B", "Key", "new key", "on", "1", "a:b", "x.y/z", "2012-10-17", "k#", "${x}", "Ref")


def some_value(rng: Random, depth: int = 0) -> Any:
    kind = rng.random()
    if depth > 3 or kind < 0.4:
        return rng.choice(TEXTS)
    if kind < 0.6:
        return copy.deepcopy(rng.choice(VALUES))
    if kind < 0.85:
        return {key: some_value(rng, depth + 1) for key in rng.sample(KEYS, rng.randint(1, 4))}
    return [some_value(rng, depth + 1) for _ in range(rng.randint(1, 4))]


class Ugly:
    """Writes a tree as YAML in a layout of chance.

    What follows a literal text can become a part of it; `exact` avoids that.
    """

    def __init__(self, rng: Random, exact: bool = False) -> None:
        self.rng = rng
        self.exact = exact
        self.anchors: dict[str, str] = {}
        self.comments = self.named = 0

    def write(self, tree: dict[str, Any]) -> str:
        lines = self.mapping(tree, 0)
        text = "\n".join(lines) + "\n" * (1 if self.exact else self.rng.choice((0, 1, 1, 3)))
        text = self.rng.choice(("", "", "---\n", "# top\n\n---\n")) + text
        text = text.replace("\n", "\r\n") if self.rng.random() < 0.1 else text
        return "\ufeff" + text if self.rng.random() < 0.05 else text

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def noise(self, indent: int) -> list[str]:
        """Return comment and blank lines."""
        lines = []
        while self.chance(0.2):
            self.comments += 1
            column = 0 if self.exact else self.rng.choice((indent, indent, 0, indent + 3))
            lines.append(self.rng.choice((" " * column + f"# note {self.comments}", "")))
        return lines

    def tail(self) -> str:
        return self.rng.choice(("", "", "", "  ", "  # tail"))

    def mapping(self, value: dict[str, Any], indent: int) -> list[str]:
        lines = []
        for key, child in value.items():
            lines += self.noise(indent)
            head, body = self.value(child, indent)
            name = f"{' ' * indent}{self.key(key)}{self.rng.choice(('', '', '', ' '))}:"
            lines += [f"{name}{' ' * self.rng.choice((1, 1, 3)) + head if head else ''}", *body]
        return lines

    def sequence(self, value: list[Any], indent: int) -> list[str]:
        lines = []
        for child in value:
            lines += self.noise(indent)
            dash = " " * indent + "-"
            if isinstance(child, (dict, list)) and child and self.chance(0.6):
                inner = indent + self.rng.choice((2, 2, 4))
                if isinstance(child, dict):
                    body = self.mapping(child, inner)
                else:
                    body = self.sequence(child, inner)
                if body[0].startswith(" " * inner) and body[0][inner : inner + 1] not in ("", "#"):
                    lines += [dash + body[0][indent + 1 :], *body[1:]]
                else:
                    lines += [dash + self.tail(), *body]
                continue
            head, body = self.value(child, indent)
            lines += [f"{dash} {head}".rstrip() if not head else f"{dash} {head}", *body]
        return lines

    def key(self, key: str) -> str:
        if needs_quotes(key) or self.chance(0.1):
            return json.dumps(key)
        return key

    def value(self, value: Any, indent: int) -> tuple[str, list[str]]:
        """Return what stands behind the colon or dash, and the lines below."""
        known = json.dumps(value)
        if known in self.anchors and self.chance(0.5):
            return f"*{self.anchors[known]}" + self.tail(), []
        anchor = ""
        if self.chance(0.04):
            self.named += 1
            anchor = f"&a{self.named} "
        head, body = self.plain_value(value, indent)
        if anchor:
            self.anchors[known] = anchor[1:-1]
            if head.startswith(("*", "&")):
                return head, body
        return anchor + head, body

    def plain_value(self, value: Any, indent: int) -> tuple[str, list[str]]:
        deeper = indent + self.rng.choice((1, 2, 2, 2, 4))
        if isinstance(value, (dict, list)) and value and self.chance(0.75):
            name = next(iter(value)) if isinstance(value, dict) else ""
            if isinstance(value, dict) and len(value) == 1 and name.startswith("Fn::"):
                inner = value[name]
                if name == "Fn::Sub" and isinstance(inner, str) and self.chance(0.7):
                    head, body = self.text(inner, deeper)
                    return f"!Sub {head}", body
                if isinstance(inner, list) and self.chance(0.7):
                    return f"!{name[4:]}" + self.tail(), self.sequence(inner, deeper)
            if isinstance(value, dict):
                return self.tail(), self.mapping(value, deeper)
            return self.tail(), self.sequence(value, indent + self.rng.choice((2, 2, 4)))
        if isinstance(value, (dict, list)):
            return self.flow(value, deeper), []
        if isinstance(value, str):
            return self.text(value, deeper)
        if value is None:
            return self.rng.choice(("", "null", "~")), []
        return self.number(value) + self.tail(), []

    def number(self, value: Any) -> str:
        return "1.0e+20" if value == 1e20 else json.dumps(value)

    def text(self, value: str, indent: int) -> tuple[str, list[str]]:
        if fits_block(value) and not value.endswith("\n\n") and self.chance(0.8):
            lines = value.removesuffix("\n").split("\n")
            keep = "" if self.exact else "+"
            chomp = self.rng.choice(("", keep)) if value.endswith("\n") else "-"
            body = [" " * indent + line if line else "" for line in lines]
            return f"|{chomp}" + self.rng.choice(("", "  # literal")), body
        if not needs_quotes(value) and self.chance(0.6):
            return value + self.tail(), []
        if "\n" not in value and value.isprintable() and self.chance(0.5):
            return "'" + value.replace("'", "''") + "'" + self.tail(), []
        return self.quoted(value) + self.tail(), []

    def quoted(self, value: str) -> str:
        text = json.dumps(value, ensure_ascii=False)
        for code in (0x7F, 0x2028, 0xFEFF):
            text = text.replace(chr(code), f"\\u{code:04x}")
        return text

    def flow(self, value: Any, indent: int) -> str:
        if isinstance(value, (dict, list)):
            opened, closed = ("{", "}") if isinstance(value, dict) else ("[", "]")
            if isinstance(value, dict):
                parts = [
                    f"{self.flow(k, indent)}: {self.flow(v, indent)}" for k, v in value.items()
                ]
            else:
                parts = [self.flow(item, indent) for item in value]
            if parts and self.chance(0.3):
                pad = "\n" + " " * indent
                end = self.rng.choice((pad, ",", " "))
                return opened + pad + f",{pad}".join(parts) + end + closed
            gap = self.rng.choice(("", " ")) if parts else ""
            return opened + gap + ", ".join(parts) + gap + closed
        if isinstance(value, str):
            if needs_quotes(value, True) or self.chance(0.3):
                return self.quoted(value)
            return value
        return self.number(value)


def template(rng: Random) -> dict[str, Any]:
    resources = {
        f"R{index}": {"Type": "AWS::Lambda::Function", "Properties": some_value(rng)}
        for index in range(rng.randint(1, 4))
    }
    tree: dict[str, Any] = {"Resources": resources}
    for section in rng.sample(("Parameters", "Globals", "Outputs", "Metadata"), rng.randint(0, 2)):
        tree[section] = {"X": some_value(rng)}
    return tree


def containers(value: Any) -> list[Any]:
    if not isinstance(value, (dict, list)):
        return []
    children = value.values() if isinstance(value, dict) else value
    return [value, *(inner for child in children for inner in containers(child))]


def mutate(tree: dict[str, Any], rng: Random) -> None:
    for _ in range(rng.randint(1, 6)):
        place = rng.choice(containers(tree)[1:] or [tree])
        action = rng.choice(("add", "delete", "set", "set", "insert"))
        if isinstance(place, dict):
            if action in ("add", "insert") or not place:
                place[rng.choice(KEYS)] = some_value(rng, 2)
            elif action == "delete":
                del place[rng.choice(list(place))]
            else:
                place[rng.choice(list(place))] = some_value(rng, 2)
        elif action in ("add", "insert") or not place:
            index = len(place) if action == "add" else rng.randint(0, len(place))
            place.insert(index, some_value(rng, 2))
        elif action == "delete":
            del place[rng.randrange(len(place))]
        else:
            place[rng.randrange(len(place))] = some_value(rng, 2)


def comment_lines(text: str) -> Counter[str]:
    stripped = (line.strip() for line in text.removeprefix("\ufeff").splitlines())
    return Counter(line for line in stripped if line.startswith("# note"))


@given(SEEDS)
@settings(max_examples=150, deadline=None)
def test_reading_gives_the_tree_that_was_written(seed: int) -> None:
    rng = Random(seed)
    tree = template(rng)
    assert same(source.parse(Ugly(rng, exact=True).write(tree)).tree, tree)


@given(SEEDS)
@settings(max_examples=300, deadline=None)
def test_rendered_edits_are_read_as_the_edited_tree(seed: int) -> None:
    rng = Random(seed)
    written = source.parse(Ugly(rng).write(template(rng)))
    after = copy.deepcopy(written.tree)
    mutate(after, rng)
    edits = diff(written.tree, after)
    text = render_people(written, edits)
    kind, root = source.load(text.removeprefix("\ufeff"))
    assert kind == written.kind
    assert same(root.value, after)
    assert same(apply(written.tree, edits), after)


@given(SEEDS)
@settings(max_examples=100, deadline=None)
def test_no_edit_changes_no_byte(seed: int) -> None:
    rng = Random(seed)
    text = Ugly(rng).write(template(rng))
    assert render_people(source.parse(text), []) == text


@given(SEEDS)
@settings(max_examples=150, deadline=None)
def test_new_keys_lose_no_comment(seed: int) -> None:
    rng = Random(seed)
    written = source.parse(Ugly(rng).write(template(rng)))
    after = copy.deepcopy(written.tree)
    resource = after["Resources"]["R0"]
    resource["Metadata"] = some_value(rng, 2)
    after["Resources"]["Another"] = {"Type": "AWS::SQS::Queue"}
    text = render_people(written, diff(written.tree, after))
    assert comment_lines(text) == comment_lines(written.text)


@given(SEEDS, st.sampled_from(["\r", "\x85", "\u2028"]))
@settings(max_examples=60, deadline=None)
def test_lines_may_end_with_anything_that_yaml_knows(seed: int, newline: str) -> None:
    rng = Random(seed)
    text = Ugly(rng, exact=True).write(template(rng)).replace("\r\n", "\n")
    written = source.parse(text.replace("\n", newline))
    after = copy.deepcopy(written.tree)
    mutate(after, rng)
    text = render_people(written, diff(written.tree, after))
    assert same(source.load(text.removeprefix("\ufeff"))[1].value, after)


@given(SEEDS, st.sampled_from([None, 1, 2, 4, "\t"]), st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_json_stays_json(seed: int, indent: int | str | None, ascii: bool, windows: bool) -> None:
    rng = Random(seed)
    text = json.dumps(template(rng), indent=indent, ensure_ascii=ascii)
    written = source.parse(text.replace("\n", "\r\n") if windows else text)
    after = copy.deepcopy(written.tree)
    mutate(after, rng)
    text = render_people(written, diff(written.tree, after))
    kind, root = source.load(text)
    assert kind == written.kind == "json"
    assert same(root.value, after)
    assert text.isascii() or not written.text.isascii()
