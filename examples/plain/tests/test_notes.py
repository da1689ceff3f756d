import contextlib
import io
import json
import unittest
from typing import Any
from unittest import mock

import archive
import notes
import read


class Table:
    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}

    def put_item(self, Item: dict[str, Any]) -> None:
        self.items[Item["id"]] = Item

    def get_item(self, Key: dict[str, str]) -> dict[str, Any]:
        item = self.items.get(Key["id"])
        return {"Item": item} if item else {}


class Notes(unittest.TestCase):
    def setUp(self) -> None:
        patch = mock.patch.object(notes, "table", mock.Mock(return_value=Table()))
        patch.start()
        self.addCleanup(patch.stop)

    def read(self, note_id: str) -> tuple[int, dict[str, Any]]:
        answer = read.handler({"pathParameters": {"id": note_id}}, None)
        return answer["statusCode"], json.loads(answer["body"])

    def test_an_unknown_note_is_not_found(self) -> None:
        self.assertEqual(self.read("n1"), (404, {"error": "no such note"}))

    def test_what_is_archived_can_be_read(self) -> None:
        note = {"id": "n1", "text": "milk"}
        with contextlib.redirect_stdout(io.StringIO()) as out:
            archive.handler({"Records": [{"body": json.dumps(note)}]}, None)
        self.assertEqual(out.getvalue(), "note n1 archived\n")
        self.assertEqual(self.read("n1"), (200, note))
