"""Stand-ins for the few calls of boto3 that the functions make."""

from typing import Any


class Table:
    """A table in memory, keyed by its one key attribute."""

    def __init__(self, key: str, *items: dict[str, Any]) -> None:
        self.key = key
        self.items = {item[key]: item for item in items}
        self.updates: list[dict[str, Any]] = []

    def get_item(self, Key: dict[str, str]) -> dict[str, Any]:
        item = self.items.get(Key[self.key])
        return {"Item": item} if item else {}

    def put_item(self, Item: dict[str, Any]) -> None:
        self.items[Item[self.key]] = Item

    def scan(self, ExclusiveStartKey: str = "") -> dict[str, Any]:
        """One item a page, so that callers have to ask for all of them."""
        names = list(self.items)
        at = names.index(ExclusiveStartKey) + 1 if ExclusiveStartKey else 0
        page: dict[str, Any] = {"Items": [self.items[name] for name in names[at : at + 1]]}
        if at + 1 < len(names):
            page["LastEvaluatedKey"] = names[at]
        return page

    def update_item(self, **arguments: Any) -> None:
        if "ConditionExpression" in arguments and arguments["Key"][self.key] not in self.items:
            raise KeyError(arguments["Key"][self.key])
        self.updates.append(arguments)


class DynamoDB:
    """boto3's resource, with the tables it is given."""

    def __init__(self, **tables: Table) -> None:
        self.tables = tables

    def Table(self, name: str) -> Table:
        return self.tables[name]


class Queue:
    """boto3's SQS client: keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []

    def send_message(self, **message: str) -> None:
        self.sent.append(message)
