"""Templates of a size, as teams write them, and the floor to read them.

A template is made of functions of about 2 KB each: events, policies, variables,
comments, short tags. 1 MB comes to some 490 resources, near CloudFormation's
limit of 500.
"""

from typing import Any

import yaml

from samlive_transform.options import Options

OPTIONS = Options(
    app="orders",
    stage="bench",
    layer_arn="arn:aws:lambda:eu-west-1:123456789012:layer:samlive:1",
    layer_digest="0123abcd",
    endpoint="example-ats.iot.eu-west-1.amazonaws.com",
)

_HEAD = """\
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Description: Generated, but written like others

Parameters:
  Environment:
    Type: String
    Default: dev
Globals:
  Function:
    Timeout: 30
    Environment:
      Variables:
        LOG_LEVEL: info
Resources:
"""

_FUNCTION = """
  # Works on the orders of region {i}.
  Function{i}:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub "${{AWS::StackName}}-orders-{i}"
      CodeUri: src/orders_{i}/
      Handler: app.handler
      Runtime: python3.12
      MemorySize: 256
      Tracing: Active
      Policies:
        - AWSLambdaBasicExecutionRole
        - DynamoDBCrudPolicy:
            TableName: !ImportValue orders-table-{i}
        - Version: 2012-10-17
          Statement:
            - Sid: ReadParameters
              Effect: Allow
              Action:
                - ssm:GetParameter
                - ssm:GetParametersByPath
              Resource: !Sub arn:${{AWS::Partition}}:ssm:*:*:parameter/orders/{i}/*
            - Effect: Allow  # keys are rotated by hand
              Action: [kms:Decrypt, kms:GenerateDataKey]
              Resource: "*"
      Environment:
        Variables:
          TABLE: !ImportValue orders-table-{i}
          STAGE: !Ref Environment
          ENDPOINT: 'https://orders-{i}.example.com'  # no slash at the end
          FEATURES: "search,export,audit"
          RETRIES: "3"
{variables}      Events:
        List:
          Type: Api
          Properties:
            Path: /orders/{i}
            Method: get
        Read:
          Type: Api
          Properties:
            Path: /orders/{i}/{{id}}
            Method: get
        Nightly:
          Type: Schedule
          Properties:
            Schedule: cron(0 3 * * ? *)
            Input: |
              {{
                "region": {i}
              }}
      Tags: {{ Team: orders, CostCentre: "0123" }}
"""


def template(size: int) -> str:
    """Return a template of about a size in bytes."""
    functions = max(4, min(490, size // 2000))
    filling = max(0, size // functions - len(function(0, 0))) // len(_variable(0))
    return _HEAD + "".join(function(index, filling) for index in range(functions))


def function(index: int, variables: int) -> str:
    """Return the text of one function with some variables more."""
    more = "".join(_variable(number) for number in range(variables))
    return _FUNCTION.format(i=index, variables=more)


def _variable(number: int) -> str:
    return f"          VARIABLE_{number:03}: a value that somebody needs\n"


def load(text: str) -> Any:
    """Return a template's tree by PyYAML's C loader alone."""
    return yaml.load(text, _Loader)


class _Loader(yaml.CSafeLoader):
    """PyYAML's C loader that knows short tags."""


def _short_tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {suffix: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _short_tag)
