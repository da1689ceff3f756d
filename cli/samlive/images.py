"""Container images whose source can run here: from a Dockerfile to a runtime, handler and folder.

No image is built or started. The Dockerfile names AWS's base image for Python
or Node.js, which says the runtime; the handler is the image's command, of the
template or of the Dockerfile; and the code lies in the build's context, where
the Dockerfile copies it from. What a RUN line installs has to be installed on
this machine, as for any other function.

https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from samlive_transform.report import FunctionReport

_BASE = re.compile(r"(?:^|/)(?:aws-lambda-|lambda/)(python|nodejs):(\d+(?:\.\d+)?)")
_TASK = re.compile(r"^(?:\$\{?LAMBDA_TASK_ROOT\}?|/var/task|\.)(?:/(.*))?$")
_ENDINGS = (".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx")
_SAY_SO = "say how by Metadata: {SamLive: {Run: command}}"


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """What a Dockerfile says about its last stage.

    Args:
        base: The image it is made from, through stages of its own.
        command: Its command in the exec form; empty without one.
        copies: Sources and targets of its COPY lines.
    """

    base: str
    command: tuple[str, ...]
    copies: tuple[tuple[str, str], ...]


def source(function: FunctionReport) -> FunctionReport | str:
    """Return an image function as one that runs from source, or why it cannot.

    Args:
        function: An image function as it was declared.
    """
    context = function.metadata.get("DockerContext")
    if not isinstance(context, str) or function.code is None:
        return f"it is a container image, and its source is not in the template; {_SAY_SO}"
    folder = Path(function.code)
    name = function.metadata.get("Dockerfile")
    path = folder / (name if isinstance(name, str) else "Dockerfile")
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return f"it is a container image, and there is no {path}; {_SAY_SO}"
    given = function.metadata.get("DockerBuildArgs")
    found = parse(text, given if isinstance(given, Mapping) else {})
    base = _BASE.search(found.base)
    if base is None:
        return (
            f"it is a container image made from {found.base or 'nothing known'}, not from AWS's "
            f"image for Python or Node.js; {_SAY_SO}"
        )
    handler = next(iter(function.command or found.command), "")
    if not handler:
        return f"it is a container image, and no command names its handler; {_SAY_SO}"
    code = next((each for each in _folders(folder, found) if _holds(each, handler)), None)
    if code is None:
        return f"it is a container image, and {folder} holds no file of {handler}; {_SAY_SO}"
    runtime = base[1] + base[2] + (".x" if base[1] == "nodejs" else "")
    return replace(function, runtime=runtime, handler=handler, code=str(code), package="Zip")


def parse(text: str, arguments: Mapping[str, object]) -> Dockerfile:
    """Read a Dockerfile.

    Args:
        text: Its text.
        arguments: Build arguments; those that it declares have their own defaults.
    """
    known: dict[str, str] = {}
    stages: dict[str, str] = {}
    base = ""
    command: tuple[str, ...] = ()
    copies: list[tuple[str, str]] = []
    for keyword, rest in _instructions(text):
        if keyword == "ARG":
            name, _, default = rest.partition("=")
            known[name.strip()] = str(arguments.get(name.strip(), default.strip("\"' ")))
        elif keyword == "FROM":
            words = [word for word in _filled(rest, known).split() if not word.startswith("--")]
            base = stages.get(words[0], words[0]) if words else ""
            if len(words) == 3 and words[1].upper() == "AS":
                stages[words[2]] = base
            copies = []
        elif keyword in ("COPY", "ADD"):
            copies += _copied(rest)
        elif keyword == "CMD":
            command = _exec_form(rest) or command
    return Dockerfile(base, command, tuple(copies))


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\[ \t]*\n", " ", "\n".join(lines)).splitlines():
        keyword, _, rest = line.strip().partition(" ")
        yield keyword.upper(), rest.strip()


def _filled(text: str, known: Mapping[str, str]) -> str:
    return re.sub(
        r"\$\{?(\w+)(?::-([^}]*))?\}?",
        lambda found: known.get(found[1], "") or found[2] or "",
        text,
    )


def _copied(rest: str) -> list[tuple[str, str]]:
    if "--from" in rest:
        return []
    words = list(_exec_form(rest)) or [w for w in rest.split() if not w.startswith("--")]
    return [(source.strip("\"'"), words[-1].strip("\"'")) for source in words[:-1]]


def _exec_form(rest: str) -> tuple[str, ...]:
    try:
        found = json.loads(rest)
    except ValueError:
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else ()


def _folders(context: Path, found: Dockerfile) -> Iterator[Path]:
    """Yield the folders that may stand for /var/task, the likeliest first."""
    for origin, target in found.copies:
        task = _TASK.match(target)
        if task and not (task[1] or "").strip("/") and (context / origin).is_dir():
            yield context / origin
    for origin, target in found.copies:
        if _TASK.match(target) and (context / origin).is_file():
            yield (context / origin).parent
    yield context


def _holds(folder: Path, handler: str) -> bool:
    module = handler.rpartition(".")[0]
    bases = {module, module.replace(".", "/")}
    return any((folder / f"{base}{ending}").is_file() for base in bases for ending in _ENDINGS)
