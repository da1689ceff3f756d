"""Every option that has a value: one table for command line, variables and files.

An option is looked up in four places, the first that has it wins: the command
line, the environment variable `SAMLIVE_<NAME>`, the settings file
(samconfig.toml), its default. Options that SAM knows have SAM's spelling.

The table is read at every start, also for `--help`: it needs neither dataclasses
nor typing, which take longer to import than all the rest of it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    Kind = Literal["text", "flag", "list", "pairs", "choice", "seconds", "absence", "python"]


class Option:
    """One option.

    Args:
        name: Key in the settings file; the flag and the variable follow from it.
        kind: How values are read.
        help: One line for `--help`.
        commands: Commands that take it.
        default: Value when nobody gives one.
        short: Further spellings on the command line.
        choices: Allowed values of kind "choice".
        group: Heading in `--help`.
    """

    __slots__ = ("choices", "commands", "default", "group", "help", "kind", "name", "short")

    def __init__(
        self,
        name: str,
        kind: "Kind",
        help: str,
        commands: tuple[str, ...],
        default: "Any" = None,
        short: tuple[str, ...] = (),
        choices: tuple[str, ...] = (),
        group: str = "options",
    ) -> None:
        self.name = name
        self.kind = kind
        self.help = help
        self.commands = commands
        self.default = default
        self.short = short
        self.choices = choices
        self.group = group

    @property
    def flag(self) -> str:
        """The option's main spelling on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def several(self) -> bool:
        """Whether it takes any number of values."""
        return self.kind in ("list", "pairs")

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "SAMLIVE_" + self.name.upper()


_STACKS = ("dev", "remove", "restore", "unpark", "status", "stages", "doctor")
_REWRITE = ("dev", "transform")
_ALL = ("dev", "transform", "remove", "restore", "unpark", "status", "stages", "doctor")
_STAGED = ("dev", "transform", "remove", "restore", "unpark", "status", "doctor")

_WHERE = "which stage, which account"
_LIVE = "what goes live"
_DEPLOY = "deploy (as sam deploy has them)"
_SESSION = "session"

OPTIONS: tuple[Option, ...] = (
    Option("stage", "text", "name of your stage", _STAGED, group=_WHERE),
    Option("app", "text", "name of the application", (*_STAGED, "macro"), group=_WHERE),
    Option("stack_name", "text", "stack of the stage (default: APP-STAGE)", _STACKS, group=_WHERE),
    Option(
        "adopt",
        "flag",
        "take over the stack --stack-name, which somebody else deployed",
        ("dev",),
        default=False,
        group=_WHERE,
    ),
    Option("region", "text", "AWS region", (*_ALL, "invoke", "macro"), group=_WHERE),
    Option("profile", "text", "AWS profile", (*_ALL, "invoke", "macro"), group=_WHERE),
    Option(
        "iot_region",
        "text",
        "region whose AWS IoT carries the messages (default: the stack's)",
        ("dev", "transform", "doctor", "macro"),
        group=_WHERE,
    ),
    Option(
        "parameter_overrides",
        "pairs",
        "values of template parameters, Key=Value ...",
        (*_REWRITE, "invoke", "init"),
        group=_DEPLOY,
    ),
    Option(
        "build_template_command",
        "text",
        "shell command that writes the template to standard output",
        ("dev", "transform", "status", "doctor", "invoke", "init"),
        group=_LIVE,
    ),
    Option("tags", "pairs", "tags of the stack, Key=Value ...", ("dev",), group=_DEPLOY),
    Option(
        "capabilities",
        "list",
        "capabilities granted to the deploy",
        ("dev",),
        default=("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"),
        group=_DEPLOY,
    ),
    Option("s3_bucket", "text", "bucket for artifacts", ("dev",), group=_DEPLOY),
    Option("s3_prefix", "text", "prefix of the artifacts' keys", ("dev",), group=_DEPLOY),
    Option(
        "resolve_s3",
        "flag",
        "use samlive's own bucket, made when needed (default without --s3-bucket)",
        ("dev",),
        default=False,
        group=_DEPLOY,
    ),
    Option("kms_key_id", "text", "KMS key that encrypts artifacts", ("dev",), group=_DEPLOY),
    Option(
        "role_arn",
        "text",
        "role that CloudFormation assumes",
        ("dev", "remove", "macro"),
        group=_DEPLOY,
    ),
    Option("notification_arns", "list", "SNS topics told of stack events", ("dev",), group=_DEPLOY),
    Option(
        "confirm_changeset",
        "flag",
        "ask before changes are made (sam deploy's setting of this name is not used)",
        ("dev",),
        default=False,
        group=_DEPLOY,
    ),
    Option(
        "fail_on_empty_changeset",
        "flag",
        "end with exit status 1 when the first deploy has nothing to change",
        ("dev",),
        default=False,
        group=_DEPLOY,
    ),
    Option(
        "image_repository",
        "text",
        "Amazon ECR repository for images of kept functions, which Docker builds",
        ("dev",),
        group=_DEPLOY,
    ),
    Option(
        "express",
        "flag",
        "deploy in CloudFormation's EXPRESS mode where it is offered",
        ("dev",),
        default=True,
        group=_DEPLOY,
    ),
    Option("only", "list", "functions that go live; all others are kept", _REWRITE, group=_LIVE),
    Option("exclude", "list", "functions that are kept", _REWRITE, group=_LIVE),
    Option(
        "live",
        "list",
        "functions that go live although they run while the stack deploys",
        _REWRITE,
        group=_LIVE,
    ),
    Option(
        "keep_timeouts",
        "flag",
        "leave timeouts as they are instead of 15 minutes",
        _REWRITE,
        default=False,
        group=_LIVE,
    ),
    Option(
        "keep_vpc",
        "flag",
        "leave live functions in their VPC",
        _REWRITE,
        default=False,
        group=_LIVE,
    ),
    Option(
        "no_retries",
        "flag",
        "no retries of asynchronous invocations",
        _REWRITE,
        default=False,
        group=_LIVE,
    ),
    Option(
        "absence",
        "absence",
        "what events meet while nobody listens: fail, drop, or http=503,queue=fail,async=drop,...",
        _REWRITE,
        default="fail",
        group=_LIVE,
    ),
    Option(
        "attach_role_policy",
        "flag",
        "give the permission to roles outside the template too",
        _REWRITE,
        default=False,
        group=_LIVE,
    ),
    Option(
        "stub_runtime",
        "python",
        "managed Python runtime of the stubs",
        (*_REWRITE, "macro"),
        default="python3.13",
        group=_LIVE,
    ),
    Option(
        "offline",
        "flag",
        "run on the embedded cloud, without an AWS account",
        ("dev",),
        default=False,
        group=_SESSION,
    ),
    Option(
        "output",
        "choice",
        "for people (text) or scripts (json)",
        (*_ALL, "invoke", "init", "macro"),
        default="text",
        choices=("text", "json"),
        group=_SESSION,
    ),
    Option(
        "on_exit",
        "choice",
        "what becomes of the stage afterwards",
        ("dev",),
        default="park",
        choices=("park", "keep", "remove", "restore"),
        group=_SESSION,
    ),
    Option(
        "debug_functions",
        "list",
        "functions that wait for a debugger, such as '*' for all",
        ("dev",),
        group=_SESSION,
    ),
    Option(
        "takeover",
        "flag",
        "take the stage from the session that holds it",
        ("dev",),
        default=False,
        group=_SESSION,
    ),
    Option(
        "force",
        "flag",
        "delete the stage although events wait in its queue",
        ("remove",),
        default=False,
        group=_SESSION,
    ),
    Option(
        "drain_seconds",
        "seconds",
        "how long running invocations may finish after Ctrl-C",
        ("dev",),
        default=2.0,
        group=_SESSION,
    ),
    Option(
        "variables",
        "pairs",
        "environment variables of the function, besides the template's",
        ("invoke",),
        group=_SESSION,
    ),
    Option(
        "use_my_credentials",
        "flag",
        "let the function call AWS with your own credentials",
        ("invoke",),
        default=False,
        group=_SESSION,
    ),
)

BY_NAME = {option.name: option for option in OPTIONS}


def of_command(command: str) -> tuple[Option, ...]:
    """Return the options that a command takes, in the table's order."""
    return tuple(option for option in OPTIONS if command in option.commands)
