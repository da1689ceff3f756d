"""IAM is really checked, on the function's side as on the developer's."""

import pytest

from live_session import Ready

pytestmark = pytest.mark.e2e


def test_role_without_the_iot_statement_fails_with_the_reason(lab: Ready) -> None:
    answer, error = lab.invoke("Silenced", {"action": "echo"})
    assert error == "Unhandled"
    assert "iot:" in answer["errorMessage"]
    assert answer["errorType"].startswith("SamLive.")
