"""The queue in which a parked stage's asynchronous events wait; made when it is needed.

One standard queue of the stage, encrypted, that keeps messages for as long as
SQS does: 14 days. It has no policy of its own, so that nobody reaches it but
principals of the account whose own policies allow it: functions that the
template lets send (their roles have that one statement), and the developer.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
"""

import time

from samlive.deploy import destination_record
from samlive.deploy.aws import Aws
from samlive.deploy.faults import AwsError
from samlive_stub.contract import parked_queue

RETENTION_SECONDS = 14 * 24 * 3600
HIDDEN_SECONDS = 60
"""How long a message is hidden while its event is given to Lambda."""

PAUSE_SECONDS = 2.0
"""Between looks at a queue with hidden messages."""

_THERE = ("QueueAlreadyExists", "QueueNameExists")
"""It is there with other attributes, which are its owner's to choose."""

_ATTRIBUTES = {
    "MessageRetentionPeriod": str(RETENTION_SECONDS),
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": str(HIDDEN_SECONDS),
}


class ParkedQueue:
    """The queue of one stage.

    Args:
        aws: The account.
        account: Its number.
        partition: Partition of its ARNs, such as "aws".
        app: Name of the application.
        stage: Name of the stage.
    """

    def __init__(self, aws: Aws, account: str, partition: str, app: str, stage: str) -> None:
        self._aws = aws
        self._tags = {"samlive:app": app, "samlive:stage": stage}
        self.name = parked_queue(app, stage)
        self.arn = f"arn:{partition}:sqs:{aws.region}:{account}:{self.name}"

    def make(self) -> None:
        """Make it, unless it is there."""
        try:
            self._aws.make_queue(self.name, _ATTRIBUTES, self._tags)
        except AwsError as error:
            if error.code not in _THERE:
                raise

    def url(self) -> str | None:
        """Return its URL; None when there is no such queue."""
        return self._aws.queue_url(self.name)

    def content(self, sure: bool = False) -> tuple[int, tuple[str, ...]]:
        """Return how many events wait, and of which functions as far as ten of them show.

        The counts that SQS keeps lag behind by a minute, so messages are looked at.

        Args:
            sure: Wait for messages that somebody hid before, perhaps to die.
        """
        url = self._url_if_known()
        end = time.monotonic() + HIDDEN_SECONDS + 1
        while url is not None:
            found = self._aws.receive(url, hidden=0, wait=1)
            waiting, hidden = self._aws.queue_counts(url)
            if found:
                names = {destination_record.function_of(each["Body"]) for each in found}
                return max(waiting + hidden, len(found)), tuple(sorted(names))
            if not sure or not hidden or time.monotonic() > end:
                break
            time.sleep(PAUSE_SECONDS)
        return 0, ()

    def delete(self) -> None:
        """Delete it with what is in it, if it is there."""
        url = self._url_if_known()
        if url is not None:
            self._aws.delete_queue(url)

    def _url_if_known(self) -> str | None:
        """Return its URL; None also for those who may not ask, as they can have parked nothing."""
        try:
            return self.url()
        except AwsError as error:
            if error.denied:
                return None
            raise
