"""The layer: self-contained, reproducible, small, and alive under every interpreter."""

import ast
import hashlib
import io
import re
import ssl
import subprocess
import sys
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from samlive_stub import layer
from samlive_stub.layer import MAX_ZIP_BYTES, NOT_SHIPPED, build_layer
from samlive_stub.shrink import shrink

PACKAGE = Path(str(files("samlive_stub")))
SHIPPED = [path for path in sorted(PACKAGE.glob("*.py")) if path.stem not in NOT_SHIPPED]

FINGERPRINTS = {
    # SHA-256 of the certificates, as https://www.amazontrust.com/repository/ lists them.
    "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
}


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


def test_another_process_builds_the_same_bytes() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r});"
        "from samlive_stub.layer import build_layer; print(build_layer().digest)"
    )
    result = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == build_layer().digest


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


def bare(source: str) -> str:
    """Return a dump of the source without docstrings and annotations, with line numbers."""

    class Bare(ast.NodeTransformer):
        def visit_Expr(self, node: ast.Expr) -> ast.AST:
            zero = ast.Expr(ast.Constant(0))
            return zero if isinstance(node.value, ast.Constant) else self.generic_visit(node)

        def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
            node.returns = None
            return self.generic_visit(node)

        def visit_arg(self, node: ast.arg) -> ast.AST:
            node.annotation = None
            return node

        def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
            if node.value is None:
                return ast.Expr(ast.Constant(0))
            return ast.Assign([node.target], node.value)

        def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
            return ast.Pass()

    tree = Bare().visit(ast.parse(source))
    body = [node for node in tree.body if not isinstance(node, ast.Pass)]
    zeros = [ast.dump(node) for node in body]
    return "\n".join(text for text in zeros if text != "Expr(value=Constant(value=0))")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shrinking_keeps_lines_and_meaning(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    small = shrink(source)
    assert small.count("\n") == source.count("\n")
    assert '"""' not in small and not re.search(r"^\s*#", small, re.MULTILINE)
    assert bare(small) == bare(source)

    def lines_of(text: str) -> list[tuple[str, int]]:
        tree = ast.parse(text)
        return [
            (node.name, node.lineno)
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        ]

    assert lines_of(small) == lines_of(source)


@pytest.mark.parametrize(
    ("source", "small"),
    [
        ("a = '# no'  # yes\ndef f():\n    '''d\n    d'''\n", "a = '# no'\ndef f():\n\t0\n\n"),
        (
            "def f(a: int, *b: 'x', c: 'ä' = 1) -> 'é | None': return a",
            "def f(a, *b, c = 1) : return a",
        ),
        ("def f(\n    a: tuple[\n        int\n    ]\n) -> None: pass", "def f(\n\ta\n\n\n) : pass"),
        ("class A:\n    a: int\n    b: int = 2", "class A:\n\t0\n\tb = 2"),
        ("from a import B, c\nx: B = c", "from a import c\nx = c"),
        ("from a import (\n    B,\n)\nx: B = 1", "0\n\n\nx = 1"),
    ],
)
def test_what_goes(source: str, small: str) -> None:
    assert shrink(source) == small


def test_what_is_no_python_is_refused() -> None:
    with pytest.raises(SyntaxError):
        shrink("def")


def test_the_roots_are_amazons_and_nothing_else() -> None:
    text = (PACKAGE / "roots.pem").read_text()
    certificates = re.findall(r"-----BEGIN.*?-----END CERTIFICATE-----", text, re.DOTALL)
    found = {hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest() for pem in certificates}
    assert found == FINGERPRINTS
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=text)
    assert context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
    assert len(context.get_ca_certs()) == len(FINGERPRINTS)


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
    assert result.stdout.split() == ["-S", "-E", "-I", str(opt / "samlive")]


def interpreters() -> list[str]:
    """Return other interpreters of the versions that Lambda has, when there are any."""
    found = []
    for version in ("3.11", "3.12", "3.13", "3.14"):
        for root in (Path.home() / ".pyenv" / "versions", Path("/opt/python"), Path("/usr/bin")):
            found += sorted(root.glob(f"{version}.*/bin/python{version}"))
            found += sorted(root.glob(f"python{version}"))
    return [str(path) for path in found]


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
