import base64
import json
import unittest
from typing import Any
from unittest import mock

import app
import orders

from tests.fakes import DynamoDB, Queue, Table


def event(route: str, body: Any = None, **parameters: str) -> dict[str, Any]:
    return {"routeKey": route, "body": body, "pathParameters": parameters}


class OrdersApi(unittest.TestCase):
    def setUp(self) -> None:
        self.orders = Table("id", {"id": "abc", "status": "placed"})
        products = Table("sku", {"sku": "tea", "name": "Darjeeling", "price_cents": 690})
        self.queue = Queue()
        for patch in (
            mock.patch.object(orders, "_dynamodb", DynamoDB(orders=self.orders, products=products)),
            mock.patch.object(orders, "_sqs", self.queue),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def call(self, *args: Any, **parameters: str) -> tuple[int, dict[str, Any]]:
        response = app.handler(event(*args, **parameters), None)
        return response["statusCode"], json.loads(response["body"])

    def test_senseless_orders_are_refused_and_nothing_is_stored(self) -> None:
        for body in (
            None,
            "{",
            "[]",
            '{"items": [{"sku": "tea", "quantity": 1}]}',
            '{"customer": "Ada", "items": []}',
            '{"customer": "Ada", "items": [{"sku": "tea", "quantity": 0}]}',
            '{"customer": "Ada", "items": [{"sku": "tea", "quantity": "2"}]}',
            '{"customer": "Ada", "items": [{"sku": "coffee", "quantity": 2}]}',
        ):
            with self.subTest(body=body):
                status, answer = self.call("POST /orders", body)
                self.assertEqual(status, 400)
                self.assertTrue(answer["error"])
        self.assertEqual(list(self.orders.items), ["abc"])
        self.assertEqual(self.queue.sent, [])

    def test_an_unknown_order_is_not_found(self) -> None:
        self.assertEqual(self.call("GET /orders/{id}", id="xyz"), (404, {"error": "no order xyz"}))

    def test_health(self) -> None:
        self.assertEqual(self.call("GET /health"), (200, {"status": "ok"}))

    def test_an_order_is_stored_queued_and_answered_with_a_receipt(self) -> None:
        body = json.dumps({"customer": "Ada", "items": [{"sku": "tea", "quantity": 2}]})
        status, order = self.call("POST /orders", body)
        self.assertEqual((status, order["total_cents"], order["status"]), (201, 1380, "placed"))
        self.assertEqual(
            order["receipt"], "Thank you, Ada!\n2 x Darjeeling: 13.80 EUR\nTotal: 13.80 EUR"
        )
        self.assertEqual(self.orders.items[order["id"]]["customer"], "Ada")
        self.assertEqual(
            [json.loads(message["MessageBody"]) for message in self.queue.sent],
            [{"order_id": order["id"]}],
        )

    def test_a_body_that_came_encoded_is_understood(self) -> None:
        encoded = base64.b64encode(b'{"customer": "Ada", "items": [{"sku": "tea", "quantity": 1}]}')
        request = event("POST /orders", encoded.decode()) | {"isBase64Encoded": True}
        self.assertEqual(app.handler(request, None)["statusCode"], 201)

    def test_a_stored_order_is_shown(self) -> None:
        self.assertEqual(
            self.call("GET /orders/{id}", id="abc"), (200, {"id": "abc", "status": "placed"})
        )
