"""Packets lost, repeated and overtaken: every call gets its own answer, and runs once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from fault_bench import Bench

pytestmark = pytest.mark.e2e

CHANCES = {"drop": 0.01, "repeat": 0.01, "reorder": 0.05}


@pytest.mark.parametrize(
    ("calls", "in_flight"),
    [
        (500, 24),
        pytest.param(10_000, 64, marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
    ],
)
def test_no_answer_is_lost_or_swapped_and_no_handler_runs_twice(
    bench: Bench, calls: int, in_flight: int, record_property: Callable[[str, object], None]
) -> None:
    """Every execution environment is a real one: the layer's stub, in a process of its own."""
    journal = bench.journal()

    def work(number: int) -> dict[str, object]:
        answers: dict[str, object] = {}
        for value in range(number, calls, in_flight):
            answer, error = bench.call(f"call-{value}", journal=str(journal.path))
            answers[f"call-{value}"] = answer if error is None else {"error": answer}
        return answers

    bench.session.forget_violations()
    with bench.faults(**CHANCES, seed=calls), ThreadPoolExecutor(in_flight) as threads:
        found: dict[str, object] = {}
        for answers in threads.map(work, range(in_flight)):
            found |= answers
        struck = bench.struck()
    wrong = {name: answer for name, answer in found.items() if answer != name}
    record_property("calls", calls)
    record_property("right", len(found) - len(wrong))
    record_property("runs", len(journal.runs()))
    record_property("struck", sum(struck.values()))
    record_property("environments", len(bench.environments()))
    record_property("over quota", bench.over_quota())
    assert wrong == {}
    assert sorted(journal.runs()) == sorted(found)
    assert min(struck.get(kind, 0) for kind in CHANCES) > 0
