# ruff: noqa: INP001  (a script: nothing imports docs/ but its own test, by path)
"""Writes the lower part of transform-rules.md from the rules themselves.

    python docs/rules_page.py

A rule's part is its module's docstring and the diff that it makes of a small
template, on top of what the rules before it made. So the page cannot tell what
the code does not do, and a test fails when it is out of date.
"""

import dataclasses
import difflib
import re
import sys
import tempfile
from pathlib import Path
from unittest import mock

from samlive_transform import Options, TransformError, read, rewrite, transform
from samlive_transform.rules import RULES

PAGE = Path(__file__).with_name("transform-rules.md")

OPTIONS = Options(
    app="orders",
    stage="ana",
    layer_arn="arn:aws:lambda:eu-central-1:123456789012:layer:samlive-stub:7",
    layer_digest="0f3c",
    endpoint="abc123-ats.iot.eu-central-1.amazonaws.com",
)

HEAD = """\
Transform: AWS::Serverless-2016-10-31
Resources:
"""

ORDERS = """\
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
      Handler: app.handler
      CodeUri: src/
      MemorySize: 128
      Timeout: 10
"""

QUEUE = """\
      Events:
        Placed:
          Type: SQS
          Properties:
            Queue: !GetAtt Queue.Arn
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 60
"""

SNIPPETS = {
    "stub": ORDERS,
    "alias": ORDERS
    + """\
  Version:
    Type: AWS::Lambda::Version
    Properties:
      FunctionName: !Ref Orders
      ProvisionedConcurrencyConfig:
        ProvisionedConcurrentExecutions: 2
""",
    "timeout": ORDERS,
    "queues": ORDERS + QUEUE,
    "environment": ORDERS
    + """\
      Environment:
        Variables:
          TABLE: orders
          NODE_OPTIONS: --enable-source-maps
""",
    "permissions": ORDERS
    + """\
      Policies:
        - DynamoDBCrudPolicy:
            TableName: orders
""",
    "names": ORDERS
    + """\
      Environment:
        Variables:
          TABLE: orders
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
""",
    "network": ORDERS
    + """\
      VpcConfig:
        SubnetIds: [subnet-0a1b2c3d]
        SecurityGroupIds: [sg-0a1b2c3d]
""",
    "retries": ORDERS
    + """\
      EventInvokeConfig:
        MaximumEventAgeInSeconds: 3600
""",
    "nested": ORDERS
    + """\
  Stock:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: stock.yaml
""",
    "loops": ORDERS
    + """\
      Events:
        Everything:
          Type: IoTRule
          Properties:
            Sql: SELECT * FROM '#'
""",
    "macro": ORDERS,
}
"""A template for each rule that has something for it to do."""

HEADS = {
    "macro": HEAD.replace("AWS::Serverless-2016-10-31", "[SamLive, AWS::Serverless-2016-10-31]")
}
"""Heads of templates, else HEAD."""

WISHES = {"retries": dataclasses.replace(OPTIONS, no_retries=True)}
"""Options without which a rule does nothing, else OPTIONS."""

CHILD = "stock.yaml"
"""A nested template beside the others."""

URL = re.compile(r"https://\S+")

MARK = "<!-- from here on made by docs/rules_page.py -->\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page's text: what stands above the mark, then every rule."""
    head, mark, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    parts = [part(index) for index in range(len(RULES))]
    return head + mark + "\n" + "\n".join(parts)


def part(index: int) -> str:
    """Return the part about one rule: its words, and what it does to its snippet."""
    name, rule = RULES[index]
    words = sys.modules[rule.__module__].__doc__
    assert words is not None, f"the rule {name} has no docstring"
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder, "template.yaml")
        template.write_text(HEADS.get(name, HEAD) + SNIPPETS[name], encoding="utf-8")
        Path(folder, CHILD).write_text(HEAD + ORDERS, encoding="utf-8")
        done = effect(template, index, WISHES.get(name, OPTIONS))
    return f"### {name}\n\n{one_sentence_per_line(words)}\n\n{done}\n"


def effect(template: Path, index: int, options: Options) -> str:
    """Return the diff that a rule makes of a template, or its refusal, as a code block."""
    before = rewritten(template, index, options)
    try:
        after = rewritten(template, index + 1, options)
    except TransformError as refusal:
        return f"```text\n{refusal.message}\n```"
    lines = difflib.unified_diff(before, after, n=2, lineterm="")
    changed = "\n".join(line for line in lines if not line.startswith(("---", "+++")))
    assert changed, f"the snippet of the rule at {index} shows nothing"
    return f"```diff\n{changed}\n```"


def rewritten(template: Path, count: int, options: Options) -> list[str]:
    """Return a template's lines after so many rules."""
    with mock.patch.object(rewrite, "RULES", RULES[:count]):
        return transform(read(template), options).people().splitlines()


def one_sentence_per_line(words: str) -> str:
    """Return a docstring as Markdown: sentences on lines of their own, sources last."""
    sources = [f"<{url}>" for url in URL.findall(words)]
    paragraphs = []
    for paragraph in URL.sub("", words).strip().split("\n\n"):
        joined = " ".join(paragraph.split())
        paragraphs.append(re.sub(r"\. (?=[A-Z`])", ".\n", joined))
    if sources:
        paragraphs.append("Source: " + ", ".join(sources))
    return "\n\n".join(paragraphs)


if __name__ == "__main__":
    main()
