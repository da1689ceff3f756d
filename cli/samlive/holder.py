"""Who serves a stage: read from the presence message that AWS IoT keeps.

The message is retained and sealed with the stage's key. A session that was
killed is still named until the broker notices, which takes up to 45 seconds.
"""

import time

from samlive.deploy import key
from samlive.deploy.aws import Aws
from samlive_stub.contract import presence_topic


def of_stage(aws: Aws, app: str, stage: str, stage_key: str, iot_region: str) -> str:
    """Return who serves a stage, in words; empty when nobody does.

    Args:
        aws: The account.
        app: Name of the application.
        stage: Name of the stage.
        stage_key: The stage's key as text.
        iot_region: Region whose AWS IoT the stage uses.

    Raises:
        AwsError: The message cannot be read.
    """
    from samlive_stub.relay_events import ForeignPresence
    from samlive_stub.responder import RelaySide

    topic = presence_topic(app, stage)
    payload = aws.retained_message(iot_region, topic)
    if not payload:
        return ""
    side = RelaySide(key.decode(stage_key), app, stage, "0" * 16, 1, "", "", 0)
    for event in side.receive(topic, payload, 0.0):
        if isinstance(event, ForeignPresence) and event.state == "here":
            since = time.strftime("%Y-%m-%d %H:%M", time.localtime(event.since / 1000))
            return f"{event.owner} on {event.host} since {since}"
    return ""
