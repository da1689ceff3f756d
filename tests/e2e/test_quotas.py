"""As many invocations as the machine gives, with the broker's quotas enforced."""

import concurrent.futures
import json

import pytest

from live_session import Ready, fetch

pytestmark = pytest.mark.e2e

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
    lab.forget_violations()
    with concurrent.futures.ThreadPoolExecutor(ENVIRONMENTS) as pool:
        answers = list(pool.map(work, range(ENVIRONMENTS)))
    assert [value for found in answers for value in found] == list(range(ENVIRONMENTS * ROUNDS))
    assert lab.violations() == []


def test_packets_lost_repeated_late_and_connections_cut_change_no_answer(lab: Ready) -> None:
    """Cut are connections of stubs and, more often, of the relay, which all share."""
    faults = f"{lab.aws['AWS_ENDPOINT_URL']}/_samlive/faults"
    chances = {"drop": 0.01, "repeat": 0.01, "reorder": 0.05, "disconnect": 0.01, "seed": 7}

    def work(number: int) -> list[object]:
        answers = []
        for turn in range(12):
            value = number * 100 + turn
            answer, error = lab.invoke("PythonLab", {"action": "echo", "value": value})
            answers.append(answer["echo"] if error is None else answer)
        return answers

    lab.client("lambda")
    assert fetch(faults, json.dumps(chances).encode())[0] == 200
    try:
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(work, range(24)))
        struck = json.loads(fetch(faults)[1])["struck"]
    finally:
        fetch(faults, b"{}")
    assert answers == [[number * 100 + turn for turn in range(12)] for number in range(24)]
    assert min(struck.get(kind, 0) for kind in ("drop", "repeat", "reorder", "disconnect")) > 0
