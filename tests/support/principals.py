"""Principals of the account on the broker: what they may say and hear there."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import boto3

from offline_cloud import ROOT_KEY
from samlive_stub.connection import Connection
from samlive_stub.session import Refused


@dataclass
class Principal:
    """Somebody with credentials of the account.

    Args:
        endpoint: Host of the broker.
        region: Its region.
        credentials: AWS's variables.
        heard: What arrived so far: topic and payload.
    """

    endpoint: str
    region: str
    credentials: Mapping[str, str] = field(repr=False)
    heard: list[tuple[str, bytes]] = field(default_factory=list)

    @contextmanager
    def connected(self, client_id: str, *topics: str) -> Iterator[Connection]:
        """A connection; fails with `Refused` when the policy does not allow it."""
        connection = Connection(
            self.endpoint, self.region, client_id, topics or ("unused",), self.credentials
        )
        connection.connect()
        with closing(connection):
            yield connection

    def refused(self, client_id: str, *topics: str) -> str:
        """Try to connect and subscribe; return the phase in which that is refused."""
        try:
            with self.connected(client_id, *topics):
                return ""
        except Refused as problem:
            return problem.phase

    def retain(self, aws: Mapping[str, str], topic: str, payload: bytes) -> None:
        """Put something in the place of what the broker keeps; nothing deletes it."""
        client = boto3.client(
            "iot-data",
            endpoint_url=aws["AWS_ENDPOINT_URL"],
            region_name=self.region,
            aws_access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"],
        )
        client.publish(topic=topic, payload=payload, retain=True, qos=1)

    def publish(self, connection: Connection, topic: str, payload: bytes) -> None:
        """Publish, and take what has arrived meanwhile.

        Raises:
            Refused: The policy does not allow it.
        """
        connection.publish(topic, payload)
        connection.flush()
        self.listen(connection, 0.0)

    def listen(self, connection: Connection, seconds: float) -> list[tuple[str, bytes]]:
        """Take what arrives within some time; return everything heard so far."""
        end = time.monotonic() + seconds
        while True:
            left = max(0.0, end - time.monotonic())
            self.heard += [(m.topic, bytes(m.payload)) for m in connection.receive(left)]
            if not left:
                return self.heard

    def may_publish(self, client_id: str, own: str, topic: str) -> bool:
        """Tell whether a publish is accepted, on a connection that may subscribe to `own`."""
        with self.connected(client_id, own) as connection:
            try:
                self.publish(connection, topic, b"x")
                self.listen(connection, 0.5)
            except Refused as problem:
                assert problem.phase == "publish", problem
                return False
            return True


def new_user(aws: Mapping[str, str], name: str, *actions: str) -> dict[str, str]:
    """Make an IAM user that may do something on everything; return its variables."""
    iam = boto3.client(
        "iam", endpoint_url=aws["AWS_ENDPOINT_URL"], region_name=aws["AWS_REGION"], **ROOT_KEY
    )
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
