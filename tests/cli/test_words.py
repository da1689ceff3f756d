"""Options that take several values, before a template, after it, and repeated."""

from pathlib import Path

import pytest

from samlive import arguments
from samlive.words import sort

FLAGS = {"--exclude": False, "--capabilities": False, "--parameter-overrides": True}


@pytest.mark.parametrize(
    "words",
    [
        pytest.param([], id="nothing"),
        pytest.param(["dev", "template.yaml"], id="no such option"),
        pytest.param(["dev", "--stage", "ana", "t.yaml"], id="an option with one value"),
        pytest.param(["dev", "--exclude"], id="no value: argparse tells"),
        pytest.param(["dev", "--exclude", "--debug"], id="an option for a value: argparse tells"),
        pytest.param(["dev", "--", "--exclude", "A", "B"], id="after two hyphens"),
    ],
)
def test_other_words_stay(words: list[str]) -> None:
    assert sort(words, FLAGS) == words


@pytest.mark.parametrize(
    ("written", "sorted_words"),
    [
        pytest.param("--exclude A t.yaml", "--exclude=A t.yaml", id="template behind"),
        pytest.param("t.yaml --exclude A B", "t.yaml --exclude=A --exclude=B", id="several"),
        pytest.param("--exclude=A B t.json", "--exclude=A --exclude=B t.json", id="equals"),
        pytest.param("--excl A t.yml", "--exclude=A t.yml", id="shortened"),
        pytest.param("--exclude A --exclude B", "--exclude=A --exclude=B", id="repeated"),
        pytest.param("--exclude A --stage b", "--exclude=A --stage b", id="option behind"),
        pytest.param(
            "--parameter-overrides A=1 B=t.yaml infra",
            "--parameter-overrides=A=1 --parameter-overrides=B=t.yaml infra",
            id="pairs",
        ),
    ],
)
def test_values_stand_alone(written: str, sorted_words: str) -> None:
    assert sort(written.split(), FLAGS) == sorted_words.split()


def test_a_file_of_any_name_is_no_value(tmp_path: Path) -> None:
    infra = tmp_path / "infra"
    infra.write_text("")
    assert sort(["--exclude", "A", str(infra)], FLAGS) == ["--exclude=A", str(infra)]


@pytest.mark.parametrize(
    "written",
    [
        "dev --exclude A B t.yaml --tags x=1 y=2",
        "dev --tags x=1 y=2 --exclude A --exclude B t.yaml",
        "dev t.yaml --exclude A --exclude=B --tags x=1 --tags y=2",
        "dev --tags x=1 y=2 t.yaml --exclude A B",
        "dev -t t.yaml --exclude A B --tags=x=1 y=2",
    ],
)
def test_every_order_means_the_same(written: str) -> None:
    read = arguments.parse(written.split())
    assert (read.template or read.template_option) == "t.yaml"
    assert (read.exclude, read.tags) == (["A", "B"], ["x=1", "y=2"])


def test_function_of_invoke_is_no_pair() -> None:
    words = ["invoke", "--parameter-overrides", "A=1", "Paint", "t.yaml"]
    read = arguments.parse(words)
    assert (read.function, read.template) == ("Paint", "t.yaml")
