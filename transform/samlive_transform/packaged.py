"""Which properties hold local paths that must be uploaded before a deploy.

The list is that of `aws cloudformation package` and `sam package`; a form says
how the uploaded object is written back.
https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html
"""

from dataclasses import dataclass

URI = "uri"
URL = "url"
BUCKET = "Bucket,Key"
S3_BUCKET = "S3Bucket,S3Key"


@dataclass(frozen=True, slots=True)
class Packaged:
    """One such property.

    Args:
        path: Property path; "*" stands for every key of a mapping.
        kind: The artifact's kind.
        form: "uri", "url", or the names of the mapping's keys.
        zipped: Whether it is put into a zip.
        default: What is uploaded when the property is absent; "" for nothing.
    """

    path: str
    kind: str
    form: str
    zipped: bool = False
    default: str = ""


_APPSYNC = (
    Packaged("CodeS3Location", "file", URI),
    Packaged("RequestMappingTemplateS3Location", "file", URI),
    Packaged("ResponseMappingTemplateS3Location", "file", URI),
)

PACKAGED: dict[str, tuple[Packaged, ...]] = {
    "AWS::ApiGateway::RestApi": (Packaged("BodyS3Location", "definition", BUCKET),),
    "AWS::ApiGatewayV2::Api": (Packaged("BodyS3Location", "definition", BUCKET),),
    "AWS::AppSync::FunctionConfiguration": _APPSYNC,
    "AWS::AppSync::GraphQLSchema": (Packaged("DefinitionS3Location", "definition", URI),),
    "AWS::AppSync::Resolver": _APPSYNC,
    "AWS::CloudFormation::ModuleVersion": (Packaged("ModulePackage", "file", URI, zipped=True),),
    "AWS::CloudFormation::ResourceVersion": (
        Packaged("SchemaHandlerPackage", "file", URI, zipped=True),
    ),
    "AWS::CloudFormation::Stack": (Packaged("TemplateURL", "template", URL),),
    "AWS::CloudFormation::StackSet": (Packaged("TemplateURL", "template", URL),),
    "AWS::CodeCommit::Repository": (Packaged("Code.S3", "file", BUCKET, zipped=True),),
    "AWS::ElasticBeanstalk::ApplicationVersion": (
        Packaged("SourceBundle", "file", S3_BUCKET, zipped=True),
    ),
    "AWS::Glue::Job": (Packaged("Command.ScriptLocation", "file", URI),),
    "AWS::Lambda::Function": (Packaged("Code", "function", S3_BUCKET, zipped=True),),
    "AWS::Lambda::LayerVersion": (Packaged("Content", "layer", S3_BUCKET, True, "."),),
    "AWS::Serverless::Api": (Packaged("DefinitionUri", "definition", URI),),
    "AWS::Serverless::Application": (Packaged("Location", "template", URL),),
    "AWS::Serverless::Function": (Packaged("CodeUri", "function", URI, True, "."),),
    "AWS::Serverless::GraphQLApi": (
        Packaged("SchemaUri", "definition", URI),
        Packaged("Functions.*.CodeUri", "file", URI),
        Packaged("Resolvers.*.*.CodeUri", "file", URI),
    ),
    "AWS::Serverless::HttpApi": (Packaged("DefinitionUri", "definition", URI),),
    "AWS::Serverless::LayerVersion": (Packaged("ContentUri", "layer", URI, True, "."),),
    "AWS::Serverless::StateMachine": (Packaged("DefinitionUri", "definition", URI),),
    "AWS::Serverless::WebSocketApi": (Packaged("DefinitionUri", "definition", URI),),
    "AWS::StepFunctions::StateMachine": (Packaged("DefinitionS3Location", "definition", BUCKET),),
}

METADATA: dict[str, tuple[Packaged, ...]] = {
    "AWS::ServerlessRepo::Application": (
        Packaged("LicenseUrl", "file", URI),
        Packaged("ReadmeUrl", "file", URI),
    ),
}
"""Sections of the template's `Metadata` with local paths."""
