import os

import boto3


def handler(event, context):
    queue = boto3.client("sqs")
    for record in event["Records"]:
        queue.send_message(QueueUrl=os.environ["DONE"], MessageBody=record["body"].upper())
