"""IAM is really checked, on the function's side as on the developer's."""

from concurrent.futures import Future
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


def test_role_without_the_iot_statement_fails_with_the_reason(
    silenced: "Future[tuple[Any, str | None]]",
) -> None:
    answer, error = silenced.result(110)
    assert error == "Unhandled"
    assert "iot:" in answer["errorMessage"]
    assert answer["errorType"].startswith("SamLive.")
