from samlive_transform import parse, transform
from samlive_transform.telling import table
from transform_stage import options

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src/, Handler: app.handler, Runtime: python3.12, Timeout: 900}
  Setup:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: setup/, Handler: app.handler, Runtime: nodejs22.x}
  Seed: {Type: Custom::Seed, Properties: {ServiceToken: !GetAtt Setup.Arn}}
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Name}}
Parameters:
  Name: {Type: String}
"""


def test_the_table_says_what_became_of_each_function() -> None:
    text = table(transform(parse(TEMPLATE), options()).report)
    assert text == (
        "function  runtime     state  what changed, or why not\n"
        "Orders    python3.12  live   stub: CodeUri, Handler, Runtime, Layers, InlineCode, "
        "MemorySize; environment: Environment; permissions: Policies\n"
        "Setup     nodejs22.x  kept   it runs while the stack is being deployed: Seed is a custom "
        "resource that calls it\n"
        "\n"
        "other changes\n"
        "  Parameters.SamLiveKey: the key that seals this stage's messages\n"
        "\n"
        "to know\n"
        "  Topic: its TopicName is made of parameters alone: give them values of this stage's "
        "own, or it may be taken\n"
        "\n"
        "to be packaged\n"
        "  Setup.Properties.CodeUri: setup\n"
    )
