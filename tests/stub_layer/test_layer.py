"""The layer: self-contained, reproducible, small, and alive under every interpreter."""

import ast
import io
import re
import subprocess
import sys
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from samlive_stub import layer
from samlive_stub.layer import MAX_ZIP_BYTES, NOT_SHIPPED, build_layer

PACKAGE = Path(str(files("samlive_stub")))
SHIPPED = [path for path in sorted(PACKAGE.glob("*.py")) if path.stem not in NOT_SHIPPED]


def imports_of(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("samlive_stub" if node.level else (node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_modules_import_the_standard_library_alone(path: Path) -> None:
    assert imports_of(path) <= sys.stdlib_module_names | {"samlive_stub"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_shipped_imports_nothing_that_is_not(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            named = {node.module} if node.module else {alias.name for alias in node.names}
            assert not named & NOT_SHIPPED


def test_two_builds_are_the_same_bytes() -> None:
    assert build_layer() == build_layer()


def test_the_digest_is_of_the_content_and_not_of_the_compression(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = build_layer()
    monkeypatch.setattr(zipfile, "ZIP_DEFLATED", zipfile.ZIP_STORED)
    stored = build_layer()
    assert stored.zip != known.zip and stored.digest == known.digest


def interpreters() -> list[str]:
    """Return other interpreters of the versions that Lambda has, when there are any."""
    found = []
    for version in ("3.11", "3.12", "3.13", "3.14"):
        for root in (Path.home() / ".pyenv" / "versions", Path("/opt/python"), Path("/usr/bin")):
            found += sorted(root.glob(f"{version}.*/bin/python{version}"))
            found += sorted(root.glob(f"python{version}"))
    return [str(path) for path in found]


@pytest.mark.parametrize("interpreter", [sys.executable, *interpreters()])
def test_every_interpreter_builds_the_same_layer(interpreter: str) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r});"
        "from samlive_stub.layer import build_layer; print(build_layer().digest)"
    )
    result = subprocess.run([interpreter, "-B", "-I", "-c", code], capture_output=True, text=True)
    assert (result.stdout.strip(), result.stderr) == (build_layer().digest, "")


def test_the_archive_is_sorted_undated_and_small() -> None:
    content = build_layer().zip
    assert len(content) <= MAX_ZIP_BYTES
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        infos = archive.infolist()
    names = [info.filename for info in infos]
    assert names == sorted(names) and names[0] == "samlive/__main__.py"
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    modes = {info.filename: info.external_attr >> 16 for info in infos}
    assert modes.pop("samlive/start") == 0o100755
    assert set(modes.values()) == {0o100644}
    assert not any(module in name for name in names for module in NOT_SHIPPED)


def test_the_archive_holds_every_module_and_its_lines(opt: Path) -> None:
    code = (
        f"import sys, runpy; at = runpy.run_path({str(opt / 'samlive' / '__main__.py')!r});"
        f"sys.meta_path.insert(0, at['Archive']({str(opt / 'samlive')!r}));"
        "import samlive_stub.runtime, samlive_stub.seal as seal;"
        "print(len([name for name in sys.modules if name.startswith('samlive_stub.')]));"
        "print(seal.__file__);"
        "seal.Sealer(b'too short')"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-E", "-I", "-c", code], capture_output=True, text=True, check=False
    )
    count, place = result.stdout.split()
    assert int(count) > 10 and place == str(opt / "samlive" / "samlive_stub" / "seal.py")
    line = int(re.findall(r'seal.py", line (\d+)', result.stderr)[-1])
    assert "raise" in (PACKAGE / "seal.py").read_text().split("\n")[line - 1]


def test_the_wrapper_uses_builtins_alone_and_finds_its_own_folder(
    opt: Path, tmp_path: Path
) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text('#!/bin/sh\necho "$@"\n')
    interpreter.chmod(0o755)
    result = subprocess.run(
        [opt / "samlive" / "start", interpreter, "/var/runtime/bootstrap.py"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": ""},
    )
    assert result.stdout.split() == ["-S", "-E", "-I", str(opt / "samlive" / "__main__.py")]


@pytest.mark.parametrize("interpreter", interpreters())
def test_the_stub_starts_under_every_interpreter_at_hand(
    interpreter: str, opt: Path, api: Any
) -> None:
    result = subprocess.run(
        [opt / "samlive" / "start", interpreter, "bootstrap.py"],
        env={"AWS_LAMBDA_RUNTIME_API": api.address, "SAMLIVE": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 1
    assert "its settings are broken" in result.stderr
    assert api.result()[1] == "error"


def test_the_layers_names_are_those_of_the_contract() -> None:
    from samlive_stub import contract

    assert f"/opt/{layer.ROOT}/start" == contract.WRAPPER_PATH
