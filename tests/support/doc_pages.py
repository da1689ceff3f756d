"""What the documentation tests read: the pages, and the code they speak of.

The code is found through its packages, not through the checkout's folders: the
tests run against the installed wheel too, where those folders are gone.
"""

import argparse
import importlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = {
    "cli": "samlive",
    "relay": "samlive_relay",
    "stub_layer": "samlive_stub",
    "templates": "samlive_templates",
    "transform": "samlive_transform",
}
"""Import package of each part's folder."""

_FENCE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def pages() -> list[Path]:
    """Every page that people read, the parts' own ones included."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("[a-z]*/README.md")]
    return sorted(set(found))


def documentation() -> str:
    """The text of README.md and of docs/."""
    chosen = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in chosen)


def prose(text: str) -> str:
    """Return a page without its code blocks."""
    return _FENCE.sub("", text)


def blocks(text: str) -> list[str]:
    """Return the content of a page's code blocks."""
    return [match.group(0).split("\n", 1)[1].rsplit("\n", 1)[0] for match in _FENCE.finditer(text)]


def links(text: str) -> list[str]:
    """Return the targets of a page's links and pictures."""
    return _LINK.findall(prose(text))


def anchors(text: str) -> set[str]:
    """Return the fragments that a page's headings can be reached by, as GitHub makes them."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(prose(text)))
    return {heading.replace(" ", "-") for heading in plain}


def loaded(script: str) -> ModuleType:
    """Return a script of docs/ as a module; they are in no package."""
    spec = importlib.util.spec_from_file_location(script, ROOT / "docs" / f"{script}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def options_of(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield every option of every command of a parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from options_of(command)
        elif action.option_strings:
            yield action


def package_folder(name: str) -> Path:
    """Return where an import package of ours is installed."""
    file = importlib.import_module(name).__file__
    assert file is not None
    return Path(file).parent


def located(target: Path) -> Path:
    """Return where a file of the checkout is, even when only the wheel has it."""
    parts = target.relative_to(ROOT).parts
    if len(parts) > 1 and PACKAGES.get(parts[0]) == parts[1]:
        return package_folder(parts[1]).joinpath(*parts[2:])
    return target


def sources() -> Iterator[tuple[Path, str]]:
    """Yield every text file of our packages."""
    for name in PACKAGES.values():
        for path in sorted(package_folder(name).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                try:
                    yield path, path.read_text(encoding="utf-8")
                except UnicodeDecodeError:
                    continue
