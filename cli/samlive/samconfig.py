"""The team's settings file: samconfig.toml, .yaml or .yml, as SAM reads it.

An environment (`default` unless --config-env says otherwise) has a section
for each command. `samlive dev` sees `global`, overlaid by `deploy`, overlaid
by its own section, `dev`: what the team has settled for its deploys holds
here too, and what is meant for samlive alone stands apart. As with SAM a
missing file, environment or section is no mistake, unless it was asked for.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samlive.errors import SamliveError, reason

FILE_NAMES = ("samconfig.toml", "samconfig.yaml", "samconfig.yml")
SHARED_SECTIONS = ("global", "deploy")
OWN_SECTION = "dev"


@dataclass(frozen=True, slots=True)
class Samconfig:
    """What one environment of a settings file says.

    Args:
        path: The file; None when there is none.
        shared: Values for all commands and for deploys.
        own: Values of samlive's own section.
        notices: What its owner should know.
    """

    path: Path | None
    shared: Mapping[str, Any]
    own: Mapping[str, Any]
    notices: tuple[str, ...] = ()


def load(folder: Path, name: str | None = None, environment: str | None = None) -> Samconfig:
    """Read the settings file of a project.

    Args:
        folder: Folder of the template.
        name: File that was asked for, absolute or relative to the working folder
            or the template's; None for the usual names.
        environment: Environment that was asked for; None for "default".

    Raises:
        SamliveError: It cannot be read, or what was asked for is missing.
    """
    path, notices = _find(folder, name)
    if path is None:
        return Samconfig(None, {}, {}, notices)
    document = _read(path)
    if not isinstance(document.get("version"), float):
        raise SamliveError(
            f"{path}: 'version' key is not present or is in unrecognized format.",
            "Put `version = 0.1` on the file's first line.",
        )
    section = document.get(environment or "default", {})
    if environment and environment not in document:
        known = ", ".join(key for key, value in document.items() if isinstance(value, dict))
        raise SamliveError(
            f"{path} has no environment {environment}.", f"It has: {known or 'none'}."
        )
    if not isinstance(section, dict):
        raise SamliveError(f"{path}: {environment or 'default'} is not a table.")
    shared: dict[str, Any] = {}
    for command in SHARED_SECTIONS:
        shared |= _parameters(path, section, command)
    return Samconfig(path, shared, _parameters(path, section, OWN_SECTION), notices)


def _find(folder: Path, name: str | None) -> tuple[Path | None, tuple[str, ...]]:
    if name is not None:
        for candidate in (Path(name), folder / name):
            if candidate.is_file():
                return candidate, ()
        raise SamliveError(
            f"The settings file {name} does not exist.", "Check --config-file, or leave it out."
        )
    found = [folder / each for each in FILE_NAMES if (folder / each).is_file()]
    if not found:
        return None, ()
    ignored = ", ".join(path.name for path in found[1:])
    notices = (f"{found[0].name} is used; {ignored} is not.",) if ignored else ()
    return found[0], notices


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = _parsed_toml(text) if path.suffix == ".toml" else _parsed_yaml(text)
    except (OSError, UnicodeDecodeError) as error:
        raise SamliveError(
            f"{path} cannot be read: {reason(error)}.", "Mend it, or name another --config-file."
        ) from error
    except ValueError as error:
        raise SamliveError(
            f"{path} is not valid {path.suffix[1:].upper()}: {error}", "Mend the file."
        ) from error
    if not isinstance(document, dict):
        raise SamliveError(f"{path} does not hold settings: it must be a mapping.")
    return document


def _parsed_toml(text: str) -> Any:
    import tomllib

    return tomllib.loads(text)


def _parsed_yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def _parameters(path: Path, section: dict[str, Any], command: str) -> dict[str, Any]:
    found: Any = section.get(command, {})
    found = found.get("parameters", {}) if isinstance(found, dict) else found
    if not isinstance(found, dict):
        raise SamliveError(f"{path}: the section {command} has no table of parameters.")
    return {str(key).replace("-", "_"): value for key, value in found.items()}
