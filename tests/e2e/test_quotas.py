"""As many invocations as the machine gives, with the broker's quotas enforced."""

import concurrent.futures

import pytest

from live_session import Ready

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

ENVIRONMENTS = 60
ROUNDS = 10


def test_six_hundred_invocations_over_sixty_environments_break_no_quota(lab: Ready) -> None:
    def work(number: int) -> list[int]:
        answers = []
        for turn in range(ROUNDS):
            value = number * ROUNDS + turn
            answer, error = lab.invoke("PythonLab", {"action": "echo", "value": value})
            assert error is None, answer
            answers.append(answer["echo"])
        return answers

    lab.client("lambda")
    with concurrent.futures.ThreadPoolExecutor(ENVIRONMENTS) as pool:
        answers = list(pool.map(work, range(ENVIRONMENTS)))
    assert [value for found in answers for value in found] == list(range(ENVIRONMENTS * ROUNDS))
    assert lab.violations() == []
