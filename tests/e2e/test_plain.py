"""A plain CloudFormation project goes live as a SAM project does."""

import json

import pytest

from live_session import Ready

pytestmark = pytest.mark.e2e


def test_note_goes_through_inline_code_the_queue_and_a_shared_role(plain: Ready) -> None:
    assert set(plain.ready["functions"].values()) == {"live"}
    status, body = plain.fetch("Api", "/notes", b"buy tea")
    assert status == 202
    note = json.loads(body)["id"]
    plain.live.seen_or_expect("invocation", lambda e: e["function"] == "Archiver")
    status, body = plain.fetch("Api", f"/notes/{note}")
    assert (status, json.loads(body)["text"]) == (200, "buy tea")
