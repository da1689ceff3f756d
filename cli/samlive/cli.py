"""The command line: parse, call one function, turn failures into messages.

`--help` must be instant, so nothing heavy is imported here; each command
imports what it needs when it runs. Exit status: 0 done, 1 AWS or a deploy
failed, 2 the user can mend it, 130 interrupted.
"""

import argparse
import os
import sys

from samlive import __version__
from samlive.errors import SamliveError
from samlive.options import Option, of_command
from samlive.words import sort

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any

    from samlive.settings import Settings

INTERRUPTED = 130

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

_SUBJECTS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "invoke": ("function", (), "logical id of the function"),
    "init": ("editor", ("vscode", "pycharm", "webstorm", "intellij"), "editor to write them for"),
    "macro": ("action", ("deploy", "remove", "status"), "what to do with the macro"),
}
"""What some commands are about, before the template: name, choices, help."""

EVENT_KINDS = tuple(
    "alb apigw dynamodb eventbridge httpapi kinesis s3 schedule sns sqs url".split()
)
"""Services whose sample events `samlive invoke` can send."""

_TEMPLATE_NAMES = ("template.yaml", "template.yml", "template.json")


def main(argv: "Sequence[str] | None" = None) -> int:
    """Run the command; return its exit status.

    Args:
        argv: Arguments without the program's name; the process's when None.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    arguments = parser(_command_of(words)).parse_args(_sorted(words))
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone; so do we
        return INTERRUPTED
    except Exception as error:
        failure = told(error)
        if failure is None or arguments.debug:
            raise
        _print_failure(failure, as_json=_wants_json(arguments))
        return failure.exit_status


def _sorted(words: list[str]) -> list[str]:
    """Return the command line with values and template told apart; see words.py."""
    several = {o.flag: o.kind == "pairs" for o in of_command(_command_of(words)) if o.several}
    return sort(words, several)


def _command_of(words: list[str]) -> str:
    return next((word for word in words if word in COMMANDS), "")


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of all commands.

    Args:
        only: The one command whose options are needed; all when None.
    """
    top = argparse.ArgumentParser(
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
        if only not in (None, name):
            continue
        _add_subject(name, command)
        _add_template(command)
        _add_common(command)
        _add_special(name, command)
        groups: dict[str, argparse._ArgumentGroup] = {}
        for option in of_command(name):
            if option.group not in groups:
                groups[option.group] = command.add_argument_group(option.group)
            _add_option(groups[option.group], option)
    completion = commands.add_parser(
        "completion", help="print a script for your shell", formatter_class=_formatter
    )
    completion.add_argument("shell", choices=("bash", "zsh", "fish"))
    completion.set_defaults(debug=False, output=None)
    return top


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


def told(error: Exception) -> SamliveError | None:
    """Return what to tell the user about an exception; None when it is a bug.

    The parts have exceptions of their own, with a message and a hint; those are
    meant for the user as well.
    """
    if isinstance(error, SamliveError):
        return error
    if not type(error).__module__.startswith("samlive_"):
        return None
    message, hint = getattr(error, "message", None), getattr(error, "hint", "")
    if not isinstance(message, str):
        return None
    file, line = getattr(error, "file", None), getattr(error, "line", 0)
    place = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
    return SamliveError(place + message, hint)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "completion":
        from samlive.commands import completion

        return completion.run(arguments.shell)
    from samlive import settings

    def load() -> settings.Settings:
        return settings.load(
            arguments.command,
            _template(arguments),
            vars(arguments),
            os.environ,
            arguments.config_file or os.environ.get("SAMLIVE_CONFIG_FILE"),
            arguments.config_env or os.environ.get("SAMLIVE_CONFIG_ENV"),
        )

    return _start(arguments, load)


def _start(arguments: argparse.Namespace, load: "Callable[[], Settings]") -> int:
    """Import a command and run it; only what runs is imported."""
    from importlib import import_module

    wanted, name = load(), arguments.command
    if name == "dev":
        from samlive import dev

        if arguments.save_params:
            wanted = _saved(arguments, wanted, load)
        return dev.run(wanted, os.environ, load, dry_run=arguments.dry_run)
    if name == "transform":
        from samlive.commands import transform

        return transform.run(
            wanted,
            output=arguments.write,
            diff=arguments.diff,
            form=arguments.format,
            report=arguments.report,
            lint=arguments.lint,
        )
    if name == "remove":
        from samlive.commands import remove

        return remove.run(wanted, os.environ, yes=arguments.yes)
    if name == "invoke":
        from samlive.commands import invoke

        words = (arguments.function, arguments.event_file, arguments.event, arguments.debug_port)
        return invoke.run(wanted, os.environ, *words)
    if name == "init":
        from samlive.commands import init

        return init.run(wanted, arguments.editor)
    if name == "macro":
        from samlive.commands import macro

        return macro.run(wanted, os.environ, arguments.action, arguments.name)
    status: int = import_module(f"samlive.commands.{name}").run(wanted, os.environ)
    return status


def _saved(
    arguments: argparse.Namespace, wanted: "Settings", load: "Callable[[], Settings]"
) -> "Settings":
    """Write the command line's options into the settings file; return the settings with it."""
    from samlive import output, saving

    environment = arguments.config_env or os.environ.get("SAMLIVE_CONFIG_ENV")
    for text in saving.save(wanted, vars(arguments), environment):
        output.make(wanted.output).tell("note", text=text)
    return load()


def _template(arguments: argparse.Namespace) -> "Path":
    """Return the template's path: named, or the usual name in this folder."""
    from pathlib import Path

    named = arguments.template or arguments.template_option
    if named:
        return Path(named)
    for name in _TEMPLATE_NAMES:
        if Path(name).is_file():
            return Path(name)
    return Path(_TEMPLATE_NAMES[0])


def _wants_json(arguments: argparse.Namespace) -> bool:
    return (arguments.output or os.environ.get("SAMLIVE_OUTPUT")) == "json"


def _print_failure(failure: SamliveError, as_json: bool) -> None:
    if as_json:
        from samlive.output import JsonOutput

        JsonOutput().tell("error", message=failure.message, hint=failure.hint)
    print(f"samlive: {failure.message}", file=sys.stderr)
    if failure.hint:
        print(failure.hint, file=sys.stderr)


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


def _add_template(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "template",
        nargs="?",
        metavar="TEMPLATE",
        help="SAM or CloudFormation template (default: template.yaml, .yml or .json here)",
    )
    command.add_argument(
        "-t",
        "--template",
        "--template-file",
        dest="template_option",
        metavar="TEMPLATE",
        help="the same, as sam has it",
    )


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config-file", metavar="FILE", help="settings file")
    command.add_argument(
        "--config-env", metavar="NAME", help="environment of the settings file (default: default)"
    )
    command.add_argument("--debug", action="store_true", help="show tracebacks")


def _add_special(name: str, command: argparse.ArgumentParser) -> None:
    if name == "dev":
        command.add_argument(
            "--dry-run", action="store_true", help="print what would be done, and do nothing"
        )
        command.add_argument(
            "--save-params",
            action="store_true",
            help="write the options of this command line into the settings file",
        )
    if name == "transform":
        command.add_argument(
            "-o", dest="write", metavar="FILE", help="write to a file instead of standard output"
        )
        command.add_argument("--diff", action="store_true", help="show a diff")
        command.add_argument(
            "--format", choices=("yaml", "json"), default="yaml", help="form of the template"
        )
        command.add_argument(
            "--report", action="store_true", help="show every change and every kept function"
        )
        command.add_argument(
            "--lint",
            action="store_true",
            help="show cfn-lint errors that the rewrite brings; exit status 1 when there are any",
        )
    if name == "doctor":
        command.add_argument(
            "--json",
            action="store_const",
            const="json",
            dest="output",
            help="the same as --output json",
        )
    if name == "remove":
        command.add_argument("--yes", action="store_true", help="do not ask")
    if name == "invoke":
        _add_event(command)
    if name == "macro":
        command.add_argument(
            "--name", default="SamLive", help="its name in Transform (default: %(default)s)"
        )


def _add_event(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-e",
        "--event-file",
        metavar="FILE",
        help="the event as JSON, or with --event its message; - for standard input (default: {})",
    )
    command.add_argument("--event", choices=EVENT_KINDS, help="send a sample event of a service")
    command.add_argument(
        "--debug-port", type=int, metavar="PORT", help="wait for a debugger on 127.0.0.1:PORT"
    )


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
