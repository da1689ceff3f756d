"""The team's settings file, as SAM reads it."""

from pathlib import Path

import pytest

from samlive import samconfig
from samlive.errors import SamliveError

CORPUS = Path(__file__).parents[3] / "shared/corpus/_about/samconfig"
REAL = sorted(path for path in CORPUS.rglob("samconfig*") if path.is_file())


def write(folder: Path, text: str, name: str = "samconfig.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_missing_file_that_was_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SamliveError, match=r"other\.toml does not exist"):
        samconfig.load(tmp_path, "other.toml")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param("samconfig.toml", "version = ", "not valid TOML", id="broken TOML"),
        pytest.param("samconfig.yaml", "a: [", "not valid YAML", id="broken YAML"),
        pytest.param("samconfig.yaml", "- 1", "must be a mapping", id="a list"),
        pytest.param("samconfig.toml", "[default]", "'version' key", id="no version"),
        pytest.param("samconfig.toml", 'version = "0.1"', "'version' key", id="version as text"),
        pytest.param(
            "samconfig.toml", "version = 0.1\ndefault = 1", "is not a table", id="no environment"
        ),
        pytest.param(
            "samconfig.toml",
            "version = 0.1\n[default.deploy]\nparameters = 1",
            "no table of parameters",
            id="no parameters",
        ),
    ],
)
def test_bad_file_is_refused_by_name(tmp_path: Path, name: str, text: str, message: str) -> None:
    write(tmp_path, text, name)
    with pytest.raises(SamliveError, match=message) as refused:
        samconfig.load(tmp_path)
    assert name in refused.value.message


def test_environment_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    write(tmp_path, "version = 0.1\n[dev.deploy.parameters]\n")
    with pytest.raises(SamliveError, match="no environment prd") as refused:
        samconfig.load(tmp_path, environment="prd")
    assert "dev" in refused.value.hint


def test_no_file_and_no_section_are_silent(tmp_path: Path) -> None:
    assert samconfig.load(tmp_path) == samconfig.Samconfig(None, {}, {})
    write(tmp_path, "version = 0.1\n[default.build.parameters]\ncached = true\n")
    found = samconfig.load(tmp_path)
    assert (dict(found.shared), dict(found.own)) == ({}, {})


def test_deploy_overlays_global_and_the_own_section_stands_apart(tmp_path: Path) -> None:
    write(
        tmp_path,
        "version = 0.1\n"
        "[default.global.parameters]\nregion = 'a'\nstack_name = 'x'\n"
        "[default.deploy.parameters]\nregion = 'b'\n"
        "[default.dev.parameters]\non-exit = 'remove'\n",
    )
    found = samconfig.load(tmp_path)
    assert found.shared == {"region": "b", "stack_name": "x"}
    assert found.own == {"on_exit": "remove"}


def test_first_of_several_files_is_used_and_the_rest_named(tmp_path: Path) -> None:
    for name in samconfig.FILE_NAMES:
        text = "version = 0.1" if name.endswith("toml") else "version: 0.1"
        write(tmp_path, text, name)
    found = samconfig.load(tmp_path)
    assert found.path == tmp_path / "samconfig.toml"
    assert found.notices == ("samconfig.toml is used; samconfig.yaml, samconfig.yml is not.",)


@pytest.mark.skipif(not REAL, reason="the corpus of real files is not there")
def test_real_files_load_or_fail_as_sam_says() -> None:
    assert len(REAL) >= 49
    refused = {}
    for path in REAL:
        try:
            samconfig.load(path.parent, path.name)
        except SamliveError as error:
            refused[path.name] = error.message
    assert all("'version' key" in message for message in refused.values())
    assert len(refused) <= 2
