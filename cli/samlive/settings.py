"""What the user wants, gathered once and frozen: command line, variables, file, defaults.

Some values of the team's deploy are deliberately not taken over, unless they
stand in the file's own `dev` section: `stack_name` names the team's stack, so
it only gives the application its name; `confirm_changeset` would ask at every
edit; a session with an empty change set is no failure; and `output` is not
about samlive's. One value depends on where the cloud
is: when AWS_ENDPOINT_URL points at this machine, AWS_REGION goes before the
file's region, as the two variables describe a cloud that the file cannot know.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from samlive import names, pairs, samconfig
from samlive.errors import SamliveError
from samlive.options import BY_NAME, Option, of_command

_NOT_SHARED = frozenset(
    "stack_name confirm_changeset fail_on_empty_changeset output stage app live adopt "
    "build_template_command".split()
)
_MANAGED_PYTHON = re.compile(r"python3\.(\d+)")
_OLDEST_PYTHON = 11
"""The stub's code needs it; newer ones are not listed, as AWS adds one every year."""
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a command was told.

    Args:
        template: The template as the user named it.
        app: Name of the application.
        values: Value of every option in the table, by name.
        files: Settings files that were read; edits of them matter.
        notices: What the user should know about these settings.
    """

    template: Path
    app: str
    values: Mapping[str, Any]
    files: tuple[Path, ...] = ()
    notices: tuple[str, ...] = ()

    def text(self, name: str) -> str | None:
        """Value of a text, or None."""
        value: str | None = self.values[name]
        return value

    def flag(self, name: str) -> bool:
        """Value of a flag."""
        return bool(self.values[name])

    def seconds(self, name: str) -> float:
        """Value of a duration in seconds."""
        return float(self.values[name])

    def items(self, name: str) -> tuple[str, ...]:
        """Value of a list."""
        return tuple(self.values[name] or ())

    def pairs(self, name: str) -> dict[str, str]:
        """Value of a mapping of texts."""
        return dict(self.values[name] or {})

    def with_parameters(self, values: Mapping[str, str]) -> "Settings":
        """Return the same settings with further values of template parameters."""
        given = {**self.pairs("parameter_overrides"), **values}
        return replace(self, values={**self.values, "parameter_overrides": given})

    @property
    def output(self) -> str:
        """For whom the command talks: "text" or "json"."""
        return str(self.values["output"])

    @property
    def folder(self) -> Path:
        """Folder of the template: the project."""
        return self.template.resolve().parent


def load(
    command: str,
    template: Path,
    given: Mapping[str, Any],
    environment: Mapping[str, str],
    config_file: str | None = None,
    config_env: str | None = None,
) -> Settings:
    """Gather the settings of a command.

    Args:
        command: Name of the command.
        template: Path of the template.
        given: Options of the command line; None where not given.
        environment: The process's environment variables.
        config_file: Settings file that was asked for.
        config_env: Environment of the settings file that was asked for.

    Raises:
        SamliveError: A value is not what the option takes; says where it stands.
    """
    folder = template.resolve().parent
    file = _spelled_out(samconfig.load(folder, config_file, config_env))
    _refuse_unknown(file)
    values = {name: option.default for name, option in BY_NAME.items()}
    for option in of_command(command):
        found = _look_up(option, given, environment, file)
        if found is not None:
            values[option.name] = _typed(option, *found)
    values["region"] = values.get("region") or _region(environment)
    app = names.app_name(values["app"] or str(file.shared.get("stack_name") or folder.name))
    files = (file.path,) if file.path else ()
    return Settings(template, app, values, files, file.notices)


def _look_up(
    option: Option,
    given: Mapping[str, Any],
    environment: Mapping[str, str],
    file: samconfig.Samconfig,
) -> tuple[Any, str] | None:
    """Return the value and where it stands; None when nobody gives one."""
    if given.get(option.name) is not None:
        return given[option.name], option.flag
    if environment.get(option.variable):
        return environment[option.variable], option.variable
    if option.name in file.own:
        return file.own[option.name], f"{file.path}: {option.name}"
    if option.name == "region" and _local_cloud(environment) and _region(environment):
        return _region(environment), "AWS_REGION"
    if option.name in file.shared and option.name not in _NOT_SHARED:
        value = file.shared[option.name]
        return None if value in ("", None) else (value, f"{file.path}: {option.name}")
    return None


def _local_cloud(environment: Mapping[str, str]) -> bool:
    from samlive.access import is_loopback

    return is_loopback(environment.get("AWS_ENDPOINT_URL", ""))


def _region(environment: Mapping[str, str]) -> str | None:
    return environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or None


def _spelled_out(file: samconfig.Samconfig) -> samconfig.Samconfig:
    """Return a file with `no_x = true` as `x = false`: SAM's files have both."""
    own: dict[str, Any] = {}
    for name, value in file.own.items():
        option = BY_NAME.get(name.removeprefix("no_"))
        negated = name not in BY_NAME and option is not None and option.kind == "flag"
        if negated and option is not None:
            own[option.name] = not _typed(option, value, f"{file.path}: {name}")
        else:
            own[name] = value
    return replace(file, own=own)


def _refuse_unknown(file: samconfig.Samconfig) -> None:
    for name in file.own:
        if name not in BY_NAME:
            close = difflib.get_close_matches(name, BY_NAME, 1)
            raise SamliveError(
                f"{file.path}: samlive has no setting {name}.",
                f"Did you mean {close[0]}?" if close else "`samlive dev --help` lists them all.",
            )


def _typed(option: Option, value: Any, where: str) -> Any:
    """Return a value as the option's kind has it."""
    try:
        return _READERS[option.kind](option, value)
    except ValueError as error:
        raise SamliveError(f"{where}: {error}.", f"{option.flag} is: {option.help}") from error


def _text(_: Option, value: Any) -> str:
    if isinstance(value, list | dict):
        raise ValueError("one text is needed")
    return pairs.as_text(value)


def _flag(_: Option, value: Any) -> bool:
    return as_flag(value)


def as_flag(value: Any) -> bool:
    """Return what a text or a value of a settings file says: true or false.

    Raises:
        ValueError: It says neither.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in (*_TRUE, *_FALSE):
        return value.lower() in _TRUE
    raise ValueError(f"{value!r} is neither true nor false")


def _list(_: Option, value: Any) -> tuple[str, ...]:
    parts = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(part, str) for part in parts):
        raise ValueError(f"{value!r} is not a list of texts")
    return tuple(item for part in parts for item in part.replace(",", " ").split())


def _pairs(_: Option, value: Any) -> dict[str, str]:
    return pairs.parse(value)


def _choice(option: Option, value: Any) -> str:
    if value not in option.choices:
        raise ValueError(f"{value!r} is none of {', '.join(option.choices)}")
    return str(value)


def _absence(option: Option, value: Any) -> str:
    from samlive_stub.absence import canonical

    return canonical(_text(option, value))


def _python(option: Option, value: Any) -> str:
    found = _MANAGED_PYTHON.fullmatch(_text(option, value))
    if found is None or int(found[1]) < _OLDEST_PYTHON:
        raise ValueError(f"{value!r} is no managed runtime of Python 3.{_OLDEST_PYTHON} or newer")
    return found[0]


def _seconds(_: Option, value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"{value!r} is not a number of seconds")
    return seconds


_READERS = {
    "text": _text,
    "flag": _flag,
    "list": _list,
    "pairs": _pairs,
    "choice": _choice,
    "seconds": _seconds,
    "absence": _absence,
    "python": _python,
}
