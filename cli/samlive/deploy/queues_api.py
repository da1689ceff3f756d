"""Calls to SQS: the queue in which a parked stage's events wait."""

from collections.abc import Mapping, Sequence
from typing import Any

from samlive.deploy.clients import Clients
from samlive.deploy.faults import AwsError

_ABSENT = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
BATCH = 10
"""Messages in one call; SQS takes no more."""


class QueuesApi(Clients):
    """What samlive asks of SQS."""

    def queue_url(self, name: str) -> str | None:
        """Return a queue's URL; None when there is no such queue (GetQueueUrl)."""
        try:
            return str(self._call("sqs", "get_queue_url", QueueName=name)["QueueUrl"])
        except AwsError as error:
            if error.code in _ABSENT:
                return None
            raise

    def make_queue(self, name: str, attributes: Mapping[str, str], tags: Mapping[str, str]) -> str:
        """Make a queue, unless it is there; return its URL (CreateQueue)."""
        answer = self._call(
            "sqs", "create_queue", QueueName=name, Attributes=dict(attributes), tags=dict(tags)
        )
        return str(answer["QueueUrl"])

    def queue_counts(self, url: str) -> tuple[int, int]:
        """Return about how many messages can be received, and are hidden (GetQueueAttributes)."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=names)
        waiting, hidden = (int(answer.get("Attributes", {}).get(name, 0)) for name in names)
        return waiting, hidden

    def receive(self, url: str, hidden: int, wait: int) -> list[dict[str, Any]]:
        """Return up to ten messages (ReceiveMessage).

        Args:
            url: The queue.
            hidden: How long they are hidden from others (seconds).
            wait: How long to wait for the first one (seconds).
        """
        answer = self._call(
            "sqs",
            "receive_message",
            QueueUrl=url,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=hidden,
            WaitTimeSeconds=wait,
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def show_messages(self, url: str, receipts: Sequence[str]) -> None:
        """Let others receive up to ten messages at once (ChangeMessageVisibilityBatch)."""
        entries = [
            {"Id": str(n), "ReceiptHandle": each, "VisibilityTimeout": 0}
            for n, each in enumerate(receipts)
        ]
        self._call("sqs", "change_message_visibility_batch", QueueUrl=url, Entries=entries)

    def delete_messages(self, url: str, receipts: Sequence[str]) -> None:
        """Delete up to ten messages; what stays comes again (DeleteMessageBatch)."""
        entries = [{"Id": str(n), "ReceiptHandle": each} for n, each in enumerate(receipts)]
        self._call("sqs", "delete_message_batch", QueueUrl=url, Entries=entries)

    def delete_queue(self, url: str) -> None:
        """Delete a queue, unless it is gone (DeleteQueue)."""
        try:
            self._call("sqs", "delete_queue", QueueUrl=url)
        except AwsError as error:
            if error.code not in _ABSENT:
                raise
