"""The functions nobody calls by HTTP: worker, stream, report, seed; and the back office."""

import contextlib
import io
import json
import unittest
from decimal import Decimal
from typing import Any
from unittest import mock

import admin
import report
import seed
import stream
import worker
from tests.fakes import DynamoDB, Table


class Worker(unittest.TestCase):
    def test_only_the_message_that_fails_comes_back(self) -> None:
        table = Table("id", {"id": "abc"})
        event = {
            "Records": [
                {"messageId": "1", "body": '{"order_id": "gone"}'},
                {"messageId": "2", "body": '{"order_id": "abc"}'},
                {"messageId": "3", "body": "not JSON"},
            ]
        }
        with (
            mock.patch.object(worker, "_dynamodb", DynamoDB(orders=table)),
            self.assertLogs(worker.log, "ERROR"),
        ):
            answer = worker.handler(event, None)
        self.assertEqual(
            answer, {"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "3"}]}
        )
        self.assertEqual([update["Key"] for update in table.updates], [{"id": "abc"}])


class Stream(unittest.TestCase):
    def test_only_new_orders_count(self) -> None:
        image = {"lines": {"L": [{"M": {"sku": {"S": "tea"}, "quantity": {"N": "2"}}}]}}
        event = {
            "Records": [
                {"eventName": "MODIFY", "dynamodb": {"NewImage": image}},
                {"eventName": "REMOVE", "dynamodb": {"OldImage": image}},
                {"eventName": "INSERT", "dynamodb": {"NewImage": image}},
            ]
        }
        table = Table("sku")
        with mock.patch.object(stream, "_dynamodb", DynamoDB(products=table)):
            stream.handler(event, None)
        self.assertEqual(
            [(update["Key"], update["ExpressionAttributeValues"]) for update in table.updates],
            [({"sku": "tea"}, {":quantity": 2})],
        )


class Report(unittest.TestCase):
    def test_every_page_is_counted(self) -> None:
        table = Table(
            "id",
            *({"id": str(n), "total_cents": Decimal(cents)} for n, cents in enumerate((5, 70))),
        )
        with mock.patch.object(report, "_dynamodb", DynamoDB(orders=table)):
            self.assertEqual(report.handler({}, None), {"orders": 2, "turnover_cents": 75})


class Admin(unittest.TestCase):
    def call(self, method: str, proxy: str) -> tuple[int, dict[str, Any]]:
        tables = DynamoDB(
            orders=Table("id"), products=Table("sku", {"sku": "tea", "sold": Decimal(2)})
        )
        with mock.patch.object(admin, "_dynamodb", tables):
            answer = admin.handler({"httpMethod": method, "pathParameters": {"proxy": proxy}}, None)
        return answer["statusCode"], json.loads(answer["body"])

    def test_other_paths_and_methods_are_refused(self) -> None:
        self.assertEqual(self.call("GET", "customers")[0], 404)
        self.assertEqual(self.call("DELETE", "orders")[0], 405)

    def test_a_listing_holds_all_items(self) -> None:
        self.assertEqual(
            self.call("GET", "products"),
            (200, {"products": [{"sku": "tea", "sold": 2}], "count": 1}),
        )


class Seed(unittest.TestCase):
    def run_with(self, kind: str, price: str = "690") -> tuple[dict[str, Any], Table]:
        table = Table("sku")
        event = {
            "RequestType": kind,
            "ResponseURL": "http://127.0.0.1/answer",
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "Catalogue",
            "ResourceProperties": {
                "TableName": "products",
                "Products": [{"Sku": "tea", "Name": "Darjeeling", "PriceCents": price}],
            },
        }
        with (
            mock.patch.object(seed, "_dynamodb", DynamoDB(products=table)),
            mock.patch("urllib.request.urlopen") as urlopen,
            contextlib.redirect_stdout(io.StringIO()),
        ):
            seed.handler(event, None)
        (request,) = urlopen.call_args.args
        self.assertEqual(request.method, "PUT")
        return json.loads(request.data), table

    def test_a_failure_is_answered_with_its_reason(self) -> None:
        answer, _ = self.run_with("Create", price="much")
        self.assertEqual(answer["Status"], "FAILED")
        self.assertIn("ValueError", answer["Reason"])

    def test_deleting_writes_nothing(self) -> None:
        answer, table = self.run_with("Delete")
        self.assertEqual((answer["Status"], table.updates), ("SUCCESS", []))

    def test_products_are_written(self) -> None:
        answer, table = self.run_with("Create")
        self.assertEqual((answer["Status"], answer["Data"]), ("SUCCESS", {"Count": "1"}))
        self.assertEqual([update["Key"] for update in table.updates], [{"sku": "tea"}])
