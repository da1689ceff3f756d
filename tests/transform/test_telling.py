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


def test_what_comes_from_globals_is_what_was_before() -> None:
    shared = "Globals:\n  Function: {Timeout: 7, MemorySize: 128}\n"
    report = transform(parse(TEMPLATE.replace(", Timeout: 900", "") + shared), options()).report
    before = {c.path: c.before for c in report.changes if c.logical_id == "Orders"}
    assert before["Properties.Timeout"] == 7
    assert before["Properties.MemorySize"] == 128
    assert before["Properties.InlineCode"] is None


def test_packaged_empty_layer_has_no_path_of_this_machine() -> None:
    layer = "  Tools: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: tools/}}\n"
    template = TEMPLATE.replace("Parameters:\n", f"{layer}Parameters:\n")
    assert "Tools.Properties.ContentUri: an empty layer\n" in table(
        transform(parse(template), options()).report
    )
