"""The runner reads environment variables as `os.environ.get` does, in fewer steps."""

import os
from types import ModuleType

import pytest

import runner_modules

NAME = "SAMLIVE_TEST_VARIABLE"


@pytest.fixture(scope="module")
def variables() -> ModuleType:
    return runner_modules.load("variables")


@pytest.mark.parametrize("value", [None, "", "eu-west-1", "ä\U0001f600", "\udcff half"])
def test_a_variable_is_what_os_environ_says(
    variables: ModuleType, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv(NAME, raising=False)
    if value is not None:
        monkeypatch.setenv(NAME, value)
    assert variables.read(NAME.encode()) == os.environ.get(NAME) == value


def test_it_is_read_from_what_a_function_has_put_there(
    variables: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, "before")
    monkeypatch.setattr(os, "environ", {NAME: "after"})
    assert variables.read(NAME.encode()) == "after"
