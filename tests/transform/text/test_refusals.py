"""What is no template is refused with the place, what was found, and what to do."""

from pathlib import Path

import pytest

from samlive_transform.errors import TemplateError
from samlive_transform.source import MOST_BYTES, parse, read

RENDER = "--build-template-command"


def refusal(text: str) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        parse(text, "app.yaml")
    return caught.value


FILES = (
    pytest.param("missing.yaml", None, 0, "does not exist", "no template", id="missing"),
    pytest.param("sub", None, 0, "is a directory", "no template", id="directory"),
    pytest.param("a.yaml", b"", 1, "is empty", "'Resources'", id="no-bytes"),
    pytest.param(
        "a.yaml", b"Resources:\n  A: \xe9\n", 2, "0xe9 is no UTF-8", "UTF-8", id="latin-1"
    ),
    pytest.param("a.yaml", "Resources: {}".encode("utf-16"), 1, "UTF-16", "UTF-8", id="utf-16"),
    pytest.param(
        "a.yaml", b"#" * (MOST_BYTES + 1), 0, "at most 1,048,576", "nested", id="over-1-MB"
    ),
)


@pytest.mark.parametrize(("name", "data", "line", "found", "hint"), FILES)
def test_files(
    tmp_path: Path, name: str, data: bytes | None, line: int, found: str, hint: str
) -> None:
    (tmp_path / "sub").mkdir()
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(TemplateError) as caught:
        read(path)
    error = caught.value
    assert (error.file, error.line) == (str(path), line)
    assert found in error.message
    assert hint in error.hint


def test_what_the_system_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("Resources: {}")
    with pytest.raises(TemplateError, match="cannot be read: Not a directory"):
        read(tmp_path / "a.yaml" / "b.yaml")


def test_a_missing_file_suggests_one_with_a_close_name(tmp_path: Path) -> None:
    (tmp_path / "template.yml").write_text("Resources: {}")
    with pytest.raises(TemplateError) as caught:
        read(tmp_path / "template.yaml")
    assert str(tmp_path / "template.yml") in caught.value.hint


def test_a_directory_suggests_the_template_in_it(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("Resources: {}")
    with pytest.raises(TemplateError) as caught:
        read(tmp_path)
    assert str(tmp_path / "template.yaml") in caught.value.hint


def test_without_a_close_name_what_is_there_is_listed(tmp_path: Path) -> None:
    (tmp_path / "orders.json").write_text("{}")
    with pytest.raises(TemplateError) as caught:
        read(tmp_path / "template.yaml")
    assert caught.value.hint == f"Found in {tmp_path}: orders.json."
    with pytest.raises(TemplateError, match="does not exist") as caught:
        read(tmp_path / "absent" / "template.yaml")
    assert caught.value.hint == f"There is no directory {tmp_path / 'absent'}."


def test_a_text_can_be_too_long() -> None:
    assert "1,048,577 bytes" in refusal("#" * (MOST_BYTES + 1)).message


LANGUAGES = (
    pytest.param("Resources:\n{% if prod %}\n  A: {}\n{% endif %}\n", "jinja2", 2, id="jinja2"),
    pytest.param(
        "Resources:\n  A: {{ cookiecutter.name }}\n", "cookiecutter", 2, id="cookiecutter"
    ),
    pytest.param(
        'Resources:\n  {%- if x %}\n  A: {{cookiecutter["n"]}}\n  {%- endif %}\n'
        "{{cookiecutter.n}}",
        "cookiecutter", 2, id="cookiecutter-named-later",
    ),
    pytest.param("#set($n = 'x')\nResources:\n  ${n}\n    A: b: c\n", "Velocity", 1, id="velocity"),
    pytest.param("Resources:\n  <%= name %>: x: y\n", "ERB", 2, id="erb"),
    pytest.param("Resources:\n  A: {{ .Values.name }}: x\n", "Go", 2, id="helm"),
    pytest.param("Resources:\n  {{#each functions}}\n  A: {}\n", "mustache", 2, id="handlebars"),
    pytest.param("Resources:\n  A: {{ name }}\n", "jinja2 or mustache", 2, id="braces-as-key"),
    pytest.param('{"Resources": {{ resources }} }', "jinja2 or mustache", 1, id="braces-in-json"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "language", "line"), LANGUAGES)
def test_templating_languages_are_named(text: str, language: str, line: int) -> None:
    error = refusal(text)
    assert f"looks like a {language} source" in error.message
    assert "column" in error.message
    assert error.line == line
    assert RENDER in error.hint


NOT_LANGUAGES = (
    pytest.param('R: {A: "{{resolve:ssm:/x}}"}\nB: [\n', "bracket", id="dynamic-reference"),
    pytest.param("# {% if %}\nR:\n  A: b: c\n", "colon", id="in-a-comment"),
    pytest.param("R:\n  A: b: c\n  V: |\n    {% if %}\n", "colon", id="behind-the-trouble"),
)


@pytest.mark.parametrize(("text", "found"), NOT_LANGUAGES)
def test_marks_that_are_none(text: str, found: str) -> None:
    error = refusal(text)
    assert "looks like" not in error.message
    assert found in error.message


NOT_YAML = (
    pytest.param("Resources:\n\tA: {}\n", 2, "a tab stands", "blanks only", id="tab"),
    pytest.param(
        "Resources:\n  A:\n \tB: c\n", 3, "a tab stands", "blanks only", id="blank-and-tab"
    ),
    pytest.param("Resources:\n  A: @x\n", 2, "'@' cannot start", "quotes", id="at-sign"),
    pytest.param("Resources:\n  A: b: c\n", 2, "second colon", "quotes", id="two-colons"),
    pytest.param("Resources:\n  A: 'b\n", 3, "no valid YAML", "", id="open-quote"),
    pytest.param("Resources: [a, b\n", 2, "not closed", "Close", id="open-bracket"),
    pytest.param("Resources:\n  A: 1\n   B: 2\n", 3, "indented too far", "", id="indented-too-far"),
    pytest.param(
        "Resources:\n  A:\n    - 1\n   B: 2\n", 4, "indentation", "lines above", id="dedent"
    ),
    pytest.param("Resources:\n  a\n  b: c\n", 3, "no valid YAML", "", id="no-colon"),
    pytest.param("Resources: \x01\n", 1, "no valid YAML", "", id="control-character"),
    pytest.param('{"Resources": {"A": 1,}}x', 1, "no valid JSON", "comma", id="json"),
    pytest.param('{\n "A": 1\n "B": 2\n}', 3, "no valid JSON", "comma", id="json-line"),
)


@pytest.mark.parametrize(("text", "line", "found", "hint"), NOT_YAML)
def test_what_is_not_yaml(text: str, line: int, found: str, hint: str) -> None:
    error = refusal(text)
    assert found in error.message
    assert hint in error.hint
    assert error.hint
    assert error.line == line
    assert error.message.startswith("column ")
    assert str(error).startswith(f"app.yaml:{line}: column ")


SHAPES = (
    pytest.param("", 1, "the file is empty", "'Resources'", id="empty"),
    pytest.param("# nothing\n", 1, "nothing but comments", "'Resources'", id="comments"),
    pytest.param("hello\n", 1, "the text 'hello'", "", id="text"),
    pytest.param("- a\n", 1, "a list", "", id="list"),
    pytest.param("!Sub x\n", 1, "the intrinsic Fn::Sub", "", id="short-tag"),
    pytest.param("Ressources: {}\n", 1, "no section 'Resources'; found: Ressources",
                 "Did you mean", id="typo"),
    pytest.param("service: a\nprovider: {}\n", 1, "found: service, provider",
                 "Serverless Framework", id="serverless-framework"),
    pytest.param("F: {Type: AWS::Lambda::Function}\n", 1, "no section 'Resources'",
                 "includes this file", id="fragment"),
    pytest.param("Description: x\nResources:\n", 2, "'Resources' is empty", "", id="no-resources"),
    pytest.param("Resources:\n  - A\n", 1, "'Resources' is a list", "", id="resources-list"),
    pytest.param("Resources: !Ref X\n", 1, "no 'Type'|not a mapping", "", id="resources-intrinsic"),
    pytest.param("Resources:\n  A: 1\n", 2, "resource A is the value 1", "", id="resource-value"),
    pytest.param("Resources:\n  A:\n", 2, "the resource A is empty", "", id="resource-empty"),
    pytest.param("Resources:\n  A: {X: 1}\n", 2, "the resource A has no 'Type'", "", id="no-type"),
    pytest.param("Resources:\n  A:\n    Type: !Ref T\n", 3, "the 'Type' of A is the intrinsic Ref",
                 "", id="type-intrinsic"),
    pytest.param("Resources:\n  A:\n    Type: 1\n", 3, "the 'Type' of A is the value 1", "",
                 id="type-number"),
    pytest.param("A: *x\n", 1, "the alias *x without an anchor", "above", id="alias-unknown"),
    pytest.param("A: &x [*x]\n", 1, "inside of what it stands for", "", id="alias-of-itself"),
    pytest.param("A: {<<: 1}\n", 1, "a merge key (<<) without a mapping", "", id="merge-value"),
    pytest.param("A: 1\n---\nB: 2\n", 2, "a second document", "'---'", id="documents"),
    pytest.param("[a]: 1\n", 1, "a list as a key", "quotes", id="key-list"),
    pytest.param("A: &a {b: c}\n*a : 1\n", 2, "a mapping as a key", "quotes", id="key-alias"),
    pytest.param("A: 1\n", 1, "no section 'Resources'; found: A", "Name a", id="something-else"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "line", "found", "hint"), SHAPES)
def test_what_is_no_template(text: str, line: int, found: str, hint: str) -> None:
    error = refusal(text)
    assert any(part in error.message for part in found.split("|"))
    assert hint in error.hint
    assert error.hint
    assert error.line == line


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Resources:\n  A: 1\n\n  B: 2\n  A: 3\n", id="yaml"),
        pytest.param('{"Resources": {\n  "A": 1,\n\n"B": 2,\n  "A": 3}}', id="json"),
        pytest.param("{\n  A: 1,\n\nB: 2,\n  A: 3, C: !Ref D}", id="braces-with-tags"),
        pytest.param("Resources: {\n  A: 1,\n\nB: 2,\n  'A': 3}", id="quoted-differently"),
    ],
)
def test_duplicate_keys_name_both_lines(text: str) -> None:
    error = refusal(text)
    assert "the key 'A' twice, first in line 2 and again in line 5" in error.message
    assert error.line == 5


def test_aliases_that_explode_are_refused() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    assert "without bound" in refusal("\n".join(levels)).message


@pytest.mark.parametrize("opened", ["[", "{a: ", '{"a": '])
@pytest.mark.parametrize("depth", [201, 50_000])
def test_nesting_without_end_is_refused(opened: str, depth: int) -> None:
    start = "" if '"' in opened else "Resources: "
    closed = {"[": "]", "{": "}"}.get(opened[0], "")
    text = start + opened * depth + "1" + closed * depth
    assert "more than 200 levels" in refusal(text).message
