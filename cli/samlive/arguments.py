"""The command line's words: which commands there are, and what each of them takes.

    the option table (options.py)   settings: also in variables and the settings file
    SPECIAL, below                  what one run does: also in variables, never in a file

Everything here is built at every start, also for `--help`, so nothing heavy is imported.
"""

import argparse
import os
import sys

from samlive import __version__
from samlive.errors import SamliveError
from samlive.options import BY_NAME, Option, of_command
from samlive.words import sort

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, NoReturn

COMMANDS = {
    "dev": "go live: deploy stubs, run every invocation on this machine",
    "transform": "show the rewritten template, a diff, or a report; needs no AWS",
    "remove": "delete the stage's stack",
    "restore": "give a stack that was taken over its own code back",
    "unpark": "let queues and streams deliver again to a stage that was parked",
    "status": "show the stage: who holds it, which functions are live",
    "stages": "list the stages that were used from this project",
    "doctor": "check credentials, region, AWS IoT, tools and the stage",
    "invoke": "run a function once on this machine, without any cloud",
    "init": "write an editor's launch configurations for debugging",
    "macro": "deploy, remove or show the transform as a CloudFormation macro",
}

EVENT_KINDS = tuple(
    "alb apigw dynamodb eventbridge httpapi kinesis s3 schedule sns sqs url".split()
)
"""Services whose sample events `samlive invoke` can send."""

_SUBJECTS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "invoke": ("function", (), "logical id of the function"),
    "init": ("editor", ("vscode", "pycharm", "webstorm", "intellij"), "editor to write them for"),
    "macro": ("action", ("deploy", "remove", "status"), "what to do with the macro"),
}
"""What some commands are about, before the template: name, choices, help."""


class _Word:
    """An option that is no setting: its spellings, and what argparse is told of it."""

    __slots__ = ("details", "spellings")

    def __init__(self, *spellings: str, **details: "Any") -> None:
        self.spellings = spellings
        self.details = details


def _switch(spelling: str, text: str) -> _Word:
    return _Word(spelling, action="store_true", help=text)


_COMMON = (
    _Word(
        *("-t", "--template", "--template-file"),
        dest="template_option",
        metavar="TEMPLATE",
        help="the same, as sam has it",
    ),
    _Word("--config-file", metavar="FILE", help="settings file"),
    _Word(
        "--config-env", metavar="NAME", help="environment of the settings file (default: default)"
    ),
    _switch("--debug", "show tracebacks"),
)
SPECIAL: dict[str, tuple[_Word, ...]] = {
    "dev": (
        _switch("--dry-run", "print what would be done, and do nothing"),
        _switch("--save-params", "write the options of this command line into the settings file"),
    ),
    "transform": (
        _Word(
            *("-o", "--output-file"),
            metavar="FILE",
            help="write to a file instead of standard output",
        ),
        _switch("--diff", "show a diff"),
        _Word("--format", choices=("yaml", "json"), default="yaml", help="form of the template"),
        _switch("--report", "show every change and every kept function"),
        _switch(
            "--lint",
            "show cfn-lint errors that the rewrite brings; exit status 1 when there are any",
        ),
    ),
    "doctor": (
        _Word(
            "--json",
            action="store_const",
            const="json",
            dest="output",
            help="the same as --output json",
        ),
    ),
    "remove": (_switch("--yes", "do not ask"),),
    "invoke": (
        _Word(
            *("-e", "--event-file"),
            metavar="FILE",
            help="the event as JSON, or with --event its message; - for standard input "
            "(default: {})",
        ),
        _Word("--event", choices=EVENT_KINDS, help="send a sample event of a service"),
        _Word(
            "--debug-port", type=int, metavar="PORT", help="wait for a debugger on 127.0.0.1:PORT"
        ),
    ),
    "macro": (
        _Word("--name", default="SamLive", help="its name in Transform (default: %(default)s)"),
    ),
}
"""What one run of a command does, by command."""


def parse(words: "Sequence[str]") -> argparse.Namespace:
    """Read a command line; usage errors end the process with status 2.

    Args:
        words: Arguments without the program's name.
    """
    command = command_of(words)
    top = parser(command)
    if not words:
        top.print_help(sys.stderr)
        raise SystemExit(2)
    several = {o.flag: o.kind == "pairs" for o in of_command(command) if o.several}
    arguments, left = top.parse_known_args(sort(words, several))
    if left:
        arguments.parser.error(_not_understood(left, arguments.parser))
    return arguments


def take_variables(arguments: argparse.Namespace, environment: "Mapping[str, str]") -> None:
    """Fill in from variables what the command line leaves open, of what is no setting.

    Args:
        arguments: The command line; changed in place.
        environment: The process's environment variables.

    Raises:
        SamliveError: A variable's value is not what the option takes.
    """
    for action in arguments.parser._actions:
        if not action.option_strings or action.dest == "help" or action.dest in BY_NAME:
            continue
        name = variable(action)
        if environment.get(name) and getattr(arguments, action.dest) == action.default:
            try:
                setattr(arguments, action.dest, _typed(action, environment[name]))
            except ValueError as error:
                flag = action.option_strings[-1]
                raise SamliveError(f"{name}: {error}.", f"{flag} is: {action.help}") from None


def variable(action: argparse.Action) -> str:
    """Return the environment variable of an option."""
    if action.dest == "template_option":
        return "SAMLIVE_TEMPLATE"
    return "SAMLIVE_" + action.dest.upper()


def _typed(action: argparse.Action, text: str) -> "Any":
    from samlive.settings import as_flag

    if action.nargs == 0:
        return as_flag(text)
    if action.choices is not None and text not in action.choices:
        raise ValueError(f"{text!r} is none of {', '.join(action.choices)}")
    return action.type(text) if callable(action.type) else text


def command_of(words: "Sequence[str]") -> str:
    """Return the command that a command line names; "" when it names none."""
    return next((word for word in words if word in COMMANDS), "")


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of all commands.

    Args:
        only: The one command whose options are needed; all when None.
    """
    top = _Parser(
        prog="samlive",
        description="Live Lambda for the SAM and CloudFormation projects you already have.",
        epilog="samlive COMMAND --help shows the options of a command.",
        formatter_class=_formatter,
    )
    top.add_argument("--version", action="version", version=f"samlive {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            usage=f"samlive {name} {_subject_usage(name)}[TEMPLATE] [options]",
            formatter_class=_formatter,
        )
        if only in (None, name):
            _fill(name, command)
    completion = commands.add_parser(
        "completion", help="print a script for your shell", formatter_class=_formatter
    )
    completion.add_argument("shell", choices=("bash", "zsh", "fish"))
    completion.set_defaults(debug=False, output=None, parser=completion)
    return top


class _Parser(argparse.ArgumentParser):
    """Says in two lines what is wrong and what to do next, instead of the whole usage."""

    def error(self, message: str) -> "NoReturn":
        """Print a usage error and end with status 2."""
        self.exit(2, f"{self.prog}: {message}\n`{self.prog} --help` shows what it takes.\n")


def _fill(name: str, command: argparse.ArgumentParser) -> None:
    """Give a command everything that it takes."""
    command.set_defaults(parser=command)
    _add_subject(name, command)
    command.add_argument(
        "template",
        nargs="?",
        metavar="TEMPLATE",
        help="SAM or CloudFormation template (default: template.yaml, .yml or .json here)",
    )
    for word in (*_COMMON, *SPECIAL.get(name, ())):
        command.add_argument(*word.spellings, **word.details)
    groups: dict[str, argparse._ArgumentGroup] = {}
    for option in of_command(name):
        if option.group not in groups:
            groups[option.group] = command.add_argument_group(option.group)
        _add_option(groups[option.group], option)


def _formatter(prog: str) -> argparse.HelpFormatter:
    """Return argparse's formatter with the width that it would import shutil for."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        width = int(columns)
    else:
        try:
            width = os.get_terminal_size().columns
        except OSError:  # no terminal
            width = 80
    return argparse.HelpFormatter(prog, width=(width or 80) - 2)


def _subject_usage(name: str) -> str:
    if name not in _SUBJECTS:
        return ""
    called, choices, _ = _SUBJECTS[name]
    return ("|".join(choices) or called.upper()) + " "


def _add_subject(name: str, command: argparse.ArgumentParser) -> None:
    if name in _SUBJECTS:
        called, choices, text = _SUBJECTS[name]
        words: dict[str, Any] = {"choices": choices} if choices else {"metavar": called.upper()}
        command.add_argument(called, help=text, **words)


def _add_option(group: "Any", option: Option) -> None:
    words: dict[str, Any] = {"dest": option.name, "default": None, "help": _help(option)}
    if option.kind == "flag":
        negatable = not option.name.startswith("no_")
        words["action"] = argparse.BooleanOptionalAction if negatable else "store_true"
    elif option.several:
        words |= {"action": "append", "metavar": "K=V" if option.kind == "pairs" else "NAME"}
    elif option.kind == "choice":
        words["choices"] = option.choices
    else:
        words["metavar"] = "SECONDS" if option.kind == "seconds" else option.name.upper()
    group.add_argument(option.flag, *option.short, **words)


def _help(option: Option) -> str:
    if option.several:
        return f"{option.help} (several may follow)"
    if option.kind in ("choice", "seconds", "absence"):
        return f"{option.help} (default: {option.default})"
    return option.help


def _not_understood(left: "Sequence[str]", command: argparse.ArgumentParser) -> str:
    """Say which words of a command line mean nothing, and which was meant."""
    from difflib import get_close_matches

    known = [flag for action in command._actions for flag in action.option_strings]
    for word in left:
        if word.startswith("-"):
            flag = word.partition("=")[0]
            close = get_close_matches(flag, known, 1)
            meant = f"; did you mean {close[0]}?" if close else ""
            return f"there is no option {flag}{meant}"
    return f"one template is enough; what is {left[0]!r} for?"
