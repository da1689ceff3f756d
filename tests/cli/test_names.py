"""Names: refused when they read like production, shortened without colliding."""

import pytest

from samlive import names
from samlive.errors import SamliveError
from samlive_stub import contract


@pytest.mark.parametrize(
    "name",
    [
        "prod",
        "PROD",
        "production",
        "live",
        "main",
        "staging",
        "root",
        "my-prod",
        "prod-eu",
        "admin",
    ],
)
def test_stage_that_reads_shared_is_refused(name: str) -> None:
    with pytest.raises(SamliveError, match="refused") as refused:
        names.check_stage(name)
    assert "--stage" in refused.value.hint


@pytest.mark.parametrize("name", ["", "1st", "a_b", "a" * 25, "a.b", "a/b", "a:b", "ä"])
def test_stage_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(SamliveError, match="cannot be"):
        names.check_stage(name)


@pytest.mark.parametrize("name", ["ana", "dev", "dev-2", "products", "e2e", "alive"])
def test_stage_is_accepted(name: str) -> None:
    assert names.check_stage(name) == name


@pytest.mark.parametrize("name", ["orders-prod", "prod", "orders-production-2", "PRD-orders"])
def test_stack_that_reads_productive_is_refused(name: str) -> None:
    with pytest.raises(SamliveError, match="production"):
        names.check_stack(name)


@pytest.mark.parametrize("name", ["a_b", "1a", "a" * 129])
def test_stack_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(SamliveError, match="cannot be"):
        names.check_stack(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("orders", "orders"),
        ("my_orders.v2", "my-orders-v2"),
        ("<your-name>-kbv-api", "your-name-kbv-api"),
        ("2nd", "app-2nd"),
        ("---", "app"),
        ("größe", "gr-e"),
    ],
)
def test_app_name_is_normalised(text: str, name: str) -> None:
    assert names.app_name(text) == name


def test_long_names_that_begin_alike_stay_apart() -> None:
    long = [names.app_name("x" * 60 + end) for end in ("a", "b")]
    assert long[0] != long[1]
    assert all(contract.is_name(name, contract.MAX_APP_CHARACTERS) for name in long)


@pytest.mark.parametrize(
    ("user", "stage"),
    [("ana", "ana"), ("Ana.Lopez@example.com", "ana-lopez"), ("root", "dev"), ("", "dev")],
)
def test_stage_is_suggested_from_the_user(user: str, stage: str) -> None:
    assert names.suggest_stage(user) == stage
