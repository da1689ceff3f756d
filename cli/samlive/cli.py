"""The command line: parse, call one function, turn failures into messages.

`--help` must be instant, so nothing heavy is imported here; each command
imports what it needs when it runs. Exit status: 0 done, 1 AWS or a deploy
failed, 2 the user can mend it, 130 interrupted.
"""

import os
import sys

from samlive.arguments import parse, take_variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import TextIO

    from samlive.errors import SamliveError
    from samlive.settings import Settings

INTERRUPTED = 130

_TEMPLATE_NAMES = ("template.yaml", "template.yml", "template.json")


def main(argv: "Sequence[str] | None" = None) -> int:
    """Run the command; return its exit status.

    Args:
        argv: Arguments without the program's name; the process's when None.
    """
    _say_everything(sys.stdout)
    arguments = parse(list(sys.argv[1:] if argv is None else argv))
    try:
        take_variables(arguments, os.environ)
        return _run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone; so do we
        return INTERRUPTED
    except Exception as error:
        if arguments.debug:
            raise
        failure = _told(error, arguments)
        _print_failure(failure, as_json=_wants_json(arguments))
        return failure.exit_status


def _say_everything(stream: "TextIO | None") -> None:
    """Let no text fail for the encoding of a stream.

    Files and pipes get UTF-8, as JSON and YAML are; a terminal keeps its own encoding,
    and what that lacks is shown as an escape. So are bytes of paths that are no text.
    """
    if stream is None or not hasattr(stream, "reconfigure"):
        return
    if stream.isatty():
        stream.reconfigure(errors="backslashreplace")
    else:
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _told(error: Exception, arguments: "argparse.Namespace") -> "SamliveError":
    from samlive import failures

    known = failures.told(error)
    if known is not None or arguments.command == "completion":
        return known or failures.bug(error)
    return failures.bug(error, _template(arguments).absolute().parent)


def _run(arguments: "argparse.Namespace") -> int:
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
            arguments.config_file,
            arguments.config_env,
        )

    return _start(arguments, load)


def _start(arguments: "argparse.Namespace", load: "Callable[[], Settings]") -> int:
    """Import a command and run it; only what runs is imported."""
    from importlib import import_module

    wanted, name = load(), arguments.command
    if name == "dev":
        from samlive import dev

        if arguments.save_params:
            wanted = _saved(arguments, wanted, load)
        return dev.run(wanted, os.environ, load, dry_run=arguments.dry_run)
    if name == "transform":
        return _transform(arguments, wanted)
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


def _transform(arguments: "argparse.Namespace", wanted: "Settings") -> int:
    from samlive.commands import transform

    return transform.run(
        wanted,
        output=arguments.output_file,
        diff=arguments.diff,
        form=arguments.format,
        report=arguments.report,
        lint=arguments.lint,
    )


def _saved(
    arguments: "argparse.Namespace", wanted: "Settings", load: "Callable[[], Settings]"
) -> "Settings":
    """Write the command line's options into the settings file; return the settings with it."""
    from samlive import output, saving

    for text in saving.save(wanted, vars(arguments), arguments.config_env):
        output.make(wanted.output).tell("note", text=text)
    return load()


def _template(arguments: "argparse.Namespace") -> "Path":
    """Return the template's path: named, or the usual name in this folder."""
    from pathlib import Path

    named = arguments.template or arguments.template_option
    if named:
        return Path(named)
    for name in _TEMPLATE_NAMES:
        if Path(name).is_file():
            return Path(name)
    return Path(_TEMPLATE_NAMES[0])


def _wants_json(arguments: "argparse.Namespace") -> bool:
    return (arguments.output or os.environ.get("SAMLIVE_OUTPUT")) == "json"


def _print_failure(failure: "SamliveError", as_json: bool) -> None:
    if as_json:
        from samlive.output import JsonOutput

        JsonOutput().tell("error", message=failure.message, hint=failure.hint)
    print(f"samlive: {failure.message}", file=sys.stderr)
    if failure.hint:
        print(failure.hint, file=sys.stderr)
