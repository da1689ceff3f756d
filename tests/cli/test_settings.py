"""Where values come from, and which goes first."""

from pathlib import Path
from typing import Any

import pytest

from samlive import settings
from samlive.errors import SamliveError
from samlive.options import OPTIONS, Option

CORPUS = Path(__file__).parents[3] / "shared/corpus/_about/samconfig"
REAL = sorted(path for path in CORPUS.rglob("samconfig*") if path.is_file())


@pytest.fixture
def template(tmp_path: Path) -> Path:
    project = tmp_path / "my_shop"
    project.mkdir()
    return project / "template.yaml"


def load(
    template: Path,
    given: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
    file: str | None = None,
) -> settings.Settings:
    if file is not None:
        (template.parent / "samconfig.toml").write_text("version = 0.1\n" + file)
    return settings.load("dev", template, given or {}, environment or {})


@pytest.mark.parametrize(
    ("given", "environment", "file", "where"),
    [
        pytest.param({}, {"SAMLIVE_OFFLINE": "maybe"}, "", "SAMLIVE_OFFLINE", id="no flag"),
        pytest.param({}, {"SAMLIVE_ON_EXIT": "nonsense"}, "", "SAMLIVE_ON_EXIT", id="no choice"),
        pytest.param({}, {"SAMLIVE_DRAIN_SECONDS": "-1"}, "", "DRAIN_SECONDS", id="no seconds"),
        pytest.param({}, {"SAMLIVE_DRAIN_SECONDS": "nan"}, "", "DRAIN_SECONDS", id="no number"),
        pytest.param({"tags": ["x"]}, {}, "", "--tags", id="no pair"),
        pytest.param(
            {},
            {},
            "[default.deploy.parameters]\ncapabilities = [1]",
            "samconfig.toml",
            id="no list",
        ),
        pytest.param(
            {}, {}, "[default.deploy.parameters]\nregion = ['a']", "samconfig.toml", id="no text"
        ),
    ],
)
def test_bad_value_is_refused_with_its_place(
    template: Path, given: dict[str, Any], environment: dict[str, str], file: str, where: str
) -> None:
    with pytest.raises(SamliveError, match=where):
        load(template, given, environment, file)


def test_unknown_setting_of_our_own_section_is_refused(template: Path) -> None:
    with pytest.raises(SamliveError, match="no setting keep_timeout") as refused:
        load(template, file="[default.dev.parameters]\nkeep_timeout = true")
    assert refused.value.hint == "Did you mean keep_timeouts?"


def test_unknown_setting_of_the_teams_sections_is_left_to_sam(template: Path) -> None:
    assert load(template, file="[default.deploy.parameters]\nimage_repositories = []")


def test_teams_stack_names_the_app_alone(template: Path) -> None:
    found = load(template, file="[default.deploy.parameters]\nstack_name = 'Their_Orders'")
    assert found.app == "Their-Orders"
    assert found.text("stack_name") is None


def test_teams_confirmation_does_not_ask_here(template: Path) -> None:
    found = load(template, file="[default.deploy.parameters]\nconfirm_changeset = true")
    assert not found.flag("confirm_changeset")


def test_own_section_may_set_what_the_teams_may_not(template: Path) -> None:
    found = load(
        template,
        file="[default.dev.parameters]\nstack_name = 'mine'\nconfirm_changeset = true\napp='a'",
    )
    assert (found.text("stack_name"), found.flag("confirm_changeset")) == ("mine", True)
    assert found.app == "a"


def test_folder_names_the_app_when_nobody_does(template: Path) -> None:
    assert load(template).app == "my-shop"


def test_order_is_command_line_variable_file_default(template: Path) -> None:
    file = "[default.dev.parameters]\nabsence = 'drop'"
    variable = {"SAMLIVE_ABSENCE": "fail"}
    assert load(template).text("absence") == "fail"
    assert load(template, file=file).text("absence") == "drop"
    assert load(template, environment=variable, file=file).text("absence") == "fail"
    assert load(template, {"absence": "drop"}, variable, file).text("absence") == "drop"


@pytest.mark.parametrize("value", ["", "keep", "queue=lose", "http=drop", "drop,fail", ["drop"]])
def test_what_events_meet_is_read_strictly(template: Path, value: Any) -> None:
    with pytest.raises(SamliveError, match="--absence: "):
        load(template, {"absence": value})


def test_what_events_meet_is_told_by_kind(template: Path) -> None:
    file = "[default.dev.parameters]\nabsence = 'async=drop, queue=drop,http=503'"
    assert load(template, file=file).text("absence") == "queue=drop,async=drop"
    assert load(template, {"absence": "http=503"}, file=file).text("absence") == "fail"


def test_flag_of_the_command_line_turns_off_what_a_variable_turns_on(template: Path) -> None:
    found = load(template, {"keep_vpc": False}, {"SAMLIVE_KEEP_VPC": "yes"})
    assert not found.flag("keep_vpc")


def test_region_of_the_file_goes_before_awss_variable(template: Path) -> None:
    file = "[default.deploy.parameters]\nregion = 'eu-central-1'"
    assert load(template, {}, {"AWS_REGION": "us-east-2"}).text("region") == "us-east-2"
    found = load(template, {}, {"AWS_REGION": "us-east-2"}, file)
    assert found.text("region") == "eu-central-1"


def test_region_of_a_local_cloud_goes_before_the_files(template: Path) -> None:
    file = "[default.deploy.parameters]\nregion = 'eu-central-1'"
    local = {"AWS_REGION": "us-east-2", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    assert load(template, {}, local, file).text("region") == "us-east-2"
    assert load(template, {"region": "sa-east-1"}, local, file).text("region") == "sa-east-1"
    elsewhere = {**local, "AWS_ENDPOINT_URL": "https://aws.example.com"}
    assert load(template, {}, elsewhere, file).text("region") == "eu-central-1"


def test_lists_are_read_from_text_and_from_lists(template: Path) -> None:
    file = "[default.deploy.parameters]\ncapabilities = 'CAPABILITY_IAM CAPABILITY_AUTO_EXPAND'"
    both = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
    assert load(template, file=file).items("capabilities") == both
    assert load(template, {"only": ["A,B", "C"]}).items("only") == ("A", "B", "C")


@pytest.mark.parametrize("name", ["nodejs20.x", "python2.7", "python3.9", "python3.13-extra"])
def test_stub_runs_on_a_managed_python_alone(template: Path, name: str) -> None:
    with pytest.raises(SamliveError, match="SAMLIVE_STUB_RUNTIME"):
        load(template, environment={"SAMLIVE_STUB_RUNTIME": name})


def test_stub_may_run_on_a_python_that_is_newer_than_samlive(template: Path) -> None:
    assert load(template, {"stub_runtime": "python3.19"}).text("stub_runtime") == "python3.19"


TEXTS = {
    "text": ("x", "x"),
    "list": ("A,B", ("A", "B")),
    "pairs": ("A=1", {"A": "1"}),
    "seconds": ("1.5", 1.5),
    "absence": ("drop", "drop"),
    "python": ("python3.12", "python3.12"),
}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.variable)
def test_every_option_has_a_variable_that_is_read(template: Path, option: Option) -> None:
    """By every command that takes it; the value differs from the default."""
    text, value = TEXTS.get(option.kind, ("", None))
    if option.kind == "flag":
        value = not option.default
        text = str(value)
    if option.choices:
        text = value = next(choice for choice in option.choices if choice != option.default)
    for command in option.commands:
        found = settings.load(command, template, {}, {option.variable: text})
        assert found.values[option.name] == value, command


@pytest.mark.skipif(not REAL, reason="the corpus of real files is not there")
@pytest.mark.parametrize("path", REAL, ids=lambda path: str(path.relative_to(CORPUS)))
def test_real_file_gives_settings(path: Path) -> None:
    try:
        found = settings.load("dev", path.parent / "template.yaml", {}, {}, str(path))
    except SamliveError as error:
        assert "'version' key" in error.message  # as SAM says
    else:
        assert all(isinstance(value, str) for value in found.pairs("parameter_overrides").values())
        assert found.items("capabilities")


def test_negated_flag_of_the_file_is_the_flag(template: Path) -> None:
    file = "[default.dev.parameters]\nno_express = true\nno_confirm_changeset = false\n"
    found = load(template, file=file)
    assert not found.flag("express")
    assert found.flag("confirm_changeset")


def test_empty_change_set_of_the_teams_deploy_is_no_failure_here(template: Path) -> None:
    file = "[default.deploy.parameters]\nfail_on_empty_changeset = true\n"
    assert not load(template, file=file).flag("fail_on_empty_changeset")
    assert load(template, {"fail_on_empty_changeset": True}).flag("fail_on_empty_changeset")
