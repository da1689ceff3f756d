"""The table itself: every state is reached, every action exists, the page shows it."""

import inspect

import pytest

from doc_pages import loaded
from samlive_stub import relay_streams, requester, responder
from samlive_stub.protocol import REQUESTER, RESPONDER


@pytest.mark.parametrize(
    ("table", "start"),
    [(REQUESTER, "IDLE"), (RESPONDER, "UNKNOWN")],
    ids=["requester", "responder"],
)
def test_every_state_can_be_reached_and_left(
    table: dict[tuple[str, str], tuple[str, str]], start: str
) -> None:
    states = {state for state, _ in table} | {following for following, _ in table.values()}
    reached = {start}
    for _ in states:
        reached |= {following for (state, _), (following, _) in table.items() if state in reached}
    assert reached == states
    assert {state for state, _ in table} == states


@pytest.mark.parametrize(
    ("table", "sides"),
    [(REQUESTER, [requester.StubSide]), (RESPONDER, [responder.RelaySide, relay_streams.Streams])],
    ids=["requester", "responder"],
)
def test_every_action_and_event_of_the_table_is_in_the_code(
    table: dict[tuple[str, str], tuple[str, str]], sides: list[type]
) -> None:
    source = "".join(map(inspect.getsource, sides))
    for (_, happened), (_, action) in table.items():
        assert f'"{action}"' in source, action
        assert f'"{happened}"' in source, happened


@pytest.mark.parametrize("state", ["ASKING", "ACCEPTED", "ORPHANED"])
def test_whatever_waits_for_a_relay_takes_an_answer_and_ends_by_itself(state: str) -> None:
    assert REQUESTER[state, "answer"] == ("DONE", "finish")
    assert ("DONE", "give_up") in [
        following for (at, what), following in REQUESTER.items() if at == state
    ]


def test_the_page_shows_the_table() -> None:
    script = loaded("protocol_page")
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), (
        "run python docs/protocol_page.py"
    )
