"""`--save-params`: writes the command line's options into the settings file, as SAM's option does.

They go into samlive's own section of the environment, `[default.dev.parameters]`; everything else
in the file stays as it is, with its comments. Left out is what must not be shared in a repository
or means one run alone: values of NoEcho parameters, the stage's name (it is kept in `.samlive/`),
and acts such as `--takeover` or `--adopt`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samlive import names, pairs
from samlive.errors import SamliveError, reason
from samlive.options import of_command
from samlive.samconfig import FILE_NAMES, OWN_SECTION
from samlive.settings import Settings
from samlive.state import Project, write_shared

_ONCE = frozenset(("adopt", "offline", "output", "stage", "takeover"))


def save(settings: Settings, given: Mapping[str, Any], environment: str | None) -> tuple[str, ...]:
    """Write the options of the command line.

    Args:
        settings: What they mean, with everything else.
        given: Options of the command line; None where not given.
        environment: Environment of the settings file; None for "default".

    Returns:
        What the user should know: where it stands, and what was left out.

    Raises:
        SamliveError: The file cannot be written; or the template cannot be read, which tells
            what is secret.
    """
    if given.get("stage"):
        Project(settings.folder, settings.flag("offline")).remember_stage(
            names.check_stage(str(settings.text("stage")))
        )
    named = [o for o in of_command("dev") if given.get(o.name) is not None and o.name not in _ONCE]
    values = {option.name: _plain(settings.values[option.name]) for option in named}
    hidden: tuple[str, ...] = ()
    if "parameter_overrides" in values:
        overrides = pairs.parse(given["parameter_overrides"])
        secret = _secrets(settings)
        hidden = tuple(name for name in overrides if name in secret)
        kept = {name: value for name, value in overrides.items() if name not in secret}
        values["parameter_overrides"] = _plain(kept)
        if not kept:
            del values["parameter_overrides"]
    path = settings.files[0] if settings.files else settings.folder / FILE_NAMES[0]
    if values:
        _write(path, (environment or "default", OWN_SECTION, "parameters"), values)
    notes = [f"Saved in {path}: {', '.join(values)}."] if values else []
    if hidden:
        notes.append(f"Not saved, as NoEcho says that they are secret: {', '.join(hidden)}.")
    return tuple(notes)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return [f"{key}={text}" for key, text in value.items()]
    return list(value) if isinstance(value, tuple) else value


def _secrets(settings: Settings) -> frozenset[str]:
    from samlive.rewriting import read

    declared = read(settings).tree.get("Parameters")
    found = declared.items() if isinstance(declared, dict) else ()
    return frozenset(
        name
        for name, each in found
        if isinstance(each, dict) and str(each.get("NoEcho", "")).lower() == "true"
    )


def _write(path: Path, section: tuple[str, ...], values: Mapping[str, Any]) -> None:
    try:
        before = path.read_text(encoding="utf-8-sig") if path.is_file() else "version = 0.1\n"
        change = _in_toml if path.suffix == ".toml" else _in_yaml
        text = change(before, section, values)
        write_shared(path, text)
    except OSError as error:
        raise SamliveError(
            f"{path} cannot be written: {reason(error)}.", "Leave out --save-params to go on."
        ) from error


def _in_toml(text: str, section: tuple[str, ...], values: Mapping[str, Any]) -> str:
    import tomlkit

    document = tomlkit.parse(text)
    table: Any = document
    for number, key in enumerate(section):
        if key not in table:
            last = number == len(section) - 1
            table.add(key, tomlkit.table(is_super_table=not last))
        table = table[key]
    for name, value in values.items():
        table[name] = value
    return tomlkit.dumps(document)


def _in_yaml(text: str, section: tuple[str, ...], values: Mapping[str, Any]) -> str:
    from samlive_transform.edits import Edit
    from samlive_transform.people import render_people
    from samlive_transform.places import Places
    from samlive_transform.source import Source, load

    kind, root = load(text)
    source = Source("samconfig", None, text, kind, root.value, root, Places(root))
    return render_people(source, [Edit((*section, name), each) for name, each in values.items()])
