"""Broker, relay, worker and stub break in the middle of a call: it is answered all the same."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from fault_bench import Bench, frozen, until
from live_session import Way, copy_project, running
from process_tree import is_running

pytestmark = pytest.mark.e2e
Record = Callable[[str, object], None]

KEEP_ALIVE_SECONDS = 30
"""What the stub tells the broker, which ends a connection after 1.5 times as much."""


def test_a_broker_that_restarts_loses_no_call(bench: Bench, record_property: Record) -> None:
    """The handler ends while there is no broker, which comes back without memory."""
    with bench.pending("before") as pending:
        bench.session.live.skip()
        bench.broker(down=True)
        bench.session.live.expect("connection", where=lambda e: e["state"] == "reconnecting")
        pending.go.touch()
        ended = "invocation"
        bench.session.live.expect(ended, where=lambda e: e["function"] == "PythonRecorder")
        bench.broker(down=False)
        bench.session.live.expect("connection", where=lambda e: e["state"] == "connected")
        certain = time.monotonic()
        assert pending.answer.result(120) == ("before", None)
        record_property("seconds_from_certainty", round(time.monotonic() - certain, 2))
        assert pending.journal.runs() == ["before"]
    assert bench.call("after") == ("after", None)


def test_calls_that_begin_without_a_broker_wait_for_it(bench: Bench) -> None:
    bench.call("warm")
    bench.session.live.skip()
    bench.broker(down=True)
    bench.session.live.expect("connection", where=lambda e: e["state"] == "reconnecting")
    journal = bench.journal()
    until(lambda: "busy" not in bench.environments().values())
    with bench.begun("during", journal) as answer:
        until(lambda: "busy" in bench.environments().values() or answer.done())
        bench.broker(down=False)
        assert answer.result(120) == ("during", None)
    assert journal.runs() == ["during"]


def test_a_killed_worker_is_answered_for_and_replaced(
    bench: Bench, record_property: Record
) -> None:
    with bench.pending("killed") as pending:
        (pid,) = pending.journal.pids()
        os.kill(pid, signal.SIGKILL)
        certain = time.monotonic()
        answer, error = pending.answer.result(120)
        record_property("seconds_from_certainty", round(time.monotonic() - certain, 2))
    assert error == "Unhandled"
    assert answer["errorType"] == "Runtime.ExitError"
    assert answer["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert bench.call("next") == ("next", None)


@pytest.mark.parametrize("how", ["cut", "mute"])
def test_a_stub_that_was_frozen_in_a_call_takes_its_answer(bench: Bench, how: str) -> None:
    """Meanwhile its connection has ended: with a word that it finds, or without any."""
    with bench.pending(how) as pending:
        stub = bench.the("busy")
        with frozen(stub):
            assert bench.broker(**{how: f"{bench.names}:stub:"}) > 0
            bench.session.live.skip()
            pending.go.touch()
            bench.session.live.expect("invocation")
        assert pending.answer.result(120) == (how, None)
        assert pending.journal.runs() == [how]


@pytest.mark.slow
def test_a_stub_that_was_frozen_past_twice_the_brokers_limit_takes_its_answer(
    bench: Bench, record_property: Record
) -> None:
    """In real time: the broker hangs up after 45 seconds, the stub goes on after more than 90."""
    limit = 1.5 * KEEP_ALIVE_SECONDS
    with bench.pending("frozen") as pending:
        stub = bench.the("busy")
        with frozen(stub):
            time.sleep(limit)
            assert bench.broker(cut=f"{bench.names}:stub:") > 0
            pending.go.touch()
            time.sleep(limit + 2)
        certain = time.monotonic()
        assert pending.answer.result(120) == ("frozen", None)
        record_property("seconds_from_certainty", round(time.monotonic() - certain, 2))
        assert pending.journal.runs() == ["frozen"]


def test_a_relay_that_sleeps_in_a_call_goes_on_with_it(bench: Bench) -> None:
    """A closed lid: the connections end meanwhile, and stubs are told that nobody is there."""
    with bench.pending("asleep") as pending:
        with frozen(bench.session.live.process.pid):
            assert bench.broker(cut=f"{bench.names}:relay:") > 0
        pending.go.touch()
        assert pending.answer.result(120) == ("asleep", None)
        assert pending.journal.runs() == ["asleep"]


def test_a_killed_relay_is_followed_by_one_that_answers(
    way: Way, bench: Bench, tmp_path_factory: pytest.TempPathFactory, record_property: Record
) -> None:
    """The request that the first one took is run again by the second."""
    folder = tmp_path_factory.mktemp("killed")
    template = copy_project(bench.session.live.project, folder) / "template.yaml"
    stage = Way(way.name, ("--stage", "killed"), way.environment)
    live = stage.start(template)
    try:
        ready = live.expect("ready", timeout=180)
        first = Bench(type(bench.session)(live, ready, way.environment), folder)
        first.session.client("lambda")
        with first.pending("pending") as pending:
            os.kill(live.process.pid, signal.SIGKILL)
            with running(stage, template):
                certain = time.monotonic()
                until(lambda: len(pending.journal.runs()) == 2 or pending.answer.done())
                record_property("seconds_from_certainty", round(time.monotonic() - certain, 2))
                assert pending.finish() == ("pending", None)
                assert pending.journal.runs() == ["pending", "pending"]
                old, new = pending.journal.pids()
                until(lambda: not is_running(old))
                assert new != old
    finally:
        live.stop(signal.SIGKILL)


@pytest.mark.slow
def test_a_killed_relay_that_nobody_follows_is_named(
    way: Way, bench: Bench, tmp_path_factory: pytest.TempPathFactory, record_property: Record
) -> None:
    """The call that it took waits for a successor; the next one knows that there is none."""
    folder = tmp_path_factory.mktemp("alone")
    template = copy_project(bench.session.live.project, folder) / "template.yaml"
    live = Way(way.name, ("--stage", "alone"), way.environment).start(template)
    try:
        ready = live.expect("ready", timeout=180)
        lonely = Bench(type(bench.session)(live, ready, way.environment), folder)
        lonely.session.client("lambda")
        with lonely.pending("lost") as pending:
            os.kill(live.process.pid, signal.SIGKILL)
            answer, error = pending.answer.result(120)
        assert error == "Unhandled"
        assert answer["errorType"] == "SamLive.RelayAbsent"
        assert "the relay took the request, went away, and none followed" in answer["errorMessage"]
        certain = time.monotonic()
        answer, _ = lonely.call("next")
        record_property("seconds_until_absent", round(time.monotonic() - certain, 2))
        assert answer["errorType"] == "SamLive.RelayAbsent"
    finally:
        live.stop(signal.SIGKILL)


@pytest.mark.slow
def test_a_relay_that_slept_for_long_connects_anew_without_a_word_from_the_broker(
    bench: Bench,
) -> None:
    """Nothing says that the connections are dead: the clock does."""
    with bench.pending("slept") as pending:
        with frozen(bench.session.live.process.pid):
            assert bench.broker(mute=f"{bench.names}:relay:") > 0
            bench.session.live.skip()
            time.sleep(15)
        bench.session.live.expect("connection", where=_noticed)
        bench.session.live.expect("connection", where=lambda e: e["state"] == "connected")
        assert pending.finish() == ("slept", None)
        assert pending.journal.runs() == ["slept"]


def _noticed(event: dict[str, Any]) -> bool:
    """By the clock, or by a ping that was under way when the machine fell asleep."""
    detail = str(event["detail"])
    return "this machine slept" in detail or "does not answer" in detail


@pytest.mark.slow
def test_a_link_that_died_without_a_word_is_noticed_by_its_pings(bench: Bench) -> None:
    """A router that forgot: nobody tells, until a ping of the relay is not answered."""
    with bench.pending("silent") as pending:
        assert bench.broker(mute=f"{bench.names}:relay:") > 0
        assert pending.finish(100) == ("silent", None)
        assert pending.journal.runs() == ["silent"]
    assert bench.call("next") == ("next", None)
