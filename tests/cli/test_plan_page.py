"""The plan of a deploy, for people."""

from samlive import plan_page
from samlive.deploy.package import Store, Upload
from samlive.deploy.plan import Plan
from samlive.deploy.stack import ChangeSet
from samlive_transform import parse, transform
from transform_stage import options

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Timeout: 20}
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      {CodeUri: src/, Handler: app.handler, Runtime: python3.12, MemorySize: 1024,
       Events: {Q: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}}}
  Queue: {Type: AWS::SQS::Queue}
  Setup:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: setup/, Handler: app.handler, Runtime: nodejs22.x}
  Seed: {Type: Custom::Seed, Properties: {ServiceToken: !GetAtt Setup.Arn}}
"""
CHANGE = ChangeSet("orders-ana", True, {}, (), {}, ())


def test_everything_that_happens_is_in_it_and_each_function_has_one_line() -> None:
    uploads = (Upload("k", b"x" * 5000, "Setup: setup"),)
    wanted = Plan("create", "", CHANGE, Store("b", "p", "r"), uploads, 2048)
    report = transform(parse(TEMPLATE), options()).report
    assert plan_page.lines(report, wanted, ["publish the stub layer"]) == [
        "live  Orders  stub, Timeout 20 -> 900, Environment",
        "kept  Setup   it runs while the stack is being deployed: Seed is a custom resource that "
        "calls it",
        "change  Queue.VisibilityTimeout: Lambda refuses a queue whose visibility timeout is below "
        "the function's timeout",
        "change  Parameters.SamLiveKey: the key that seals this stage's messages",
        "allow iot:Connect, iot:Publish, iot:Subscribe, iot:Receive on what is this stage's to the "
        "roles of Orders",
        "each invocation: 3 messages on AWS IoT (request, acknowledgement, response), and one more "
        "for every 50 KB of payload; AWS meters them as they come in and as they go out, per 5 KB",
        "publish the stub layer",
        "upload Setup: setup (5 KB) unless it is there",
        "create orders-ana (template of 2 KB)",
    ]


def test_nothing_to_do_is_said() -> None:
    wanted = Plan("none", "", CHANGE, Store("b", "p", "r"), (), 2048)
    report = transform(parse(TEMPLATE), options()).report
    assert plan_page.lines(report, wanted)[-1] == "orders-ana is up to date; nothing to deploy."
