"""How a function's sources are built to run here: from Metadata and manifests to a Build.

Java, Go, Ruby with gems and makefiles go through aws-lambda-builders, as in
`sam build`. Where that builds for Lambda's own machines, the language's own
tool builds for this one, which is also quicker: cargo (SAM's way compiles for
Lambda through another compiler), dotnet, and Go elsewhere than on Linux.

The user's own commands come before all of that:

    Metadata:
      SamLive:
        Build: make dev            # runs in the code's folder, may fill $ARTIFACTS_DIR
        Run: ./server --lambda     # speaks the Runtime API
"""

import json
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from samlive_transform.report import FunctionReport

if TYPE_CHECKING:
    from samlive_relay.config import Build

ARCHIVES = (".jar", ".zip", ".war")
_PROGRAMS = {
    "bundler": "bundle",
    "cargo": "cargo",
    "dotnet": "dotnet",
    "gradle": "gradle",
    "makefile": "make",
    "maven": "mvn",
    "modules": "go",
}
_GO_LISTS = (
    "go list -deps -f '{{if not .Standard}}{{$d := .Dir}}"
    '{{with .Module}}{{.GoMod}}{{"\\n"}}{{end}}'
    '{{range .GoFiles}}{{$d}}/{{.}}{{"\\n"}}{{end}}'
    '{{range .EmbedFiles}}{{$d}}/{{.}}{{"\\n"}}{{end}}{{end}}\' .'
)
_GO_NATIVE = 'go build -gcflags "all=-N -l" -o "$ARTIFACTS_DIR/bootstrap" .'
_DOTNET = (
    'dotnet publish --nologo --verbosity quiet --configuration Debug --output "$ARTIFACTS_DIR"'
)
_UNPACK = (
    '{python} -m zipfile -e {archive} "$ARTIFACTS_DIR" && cd "$ARTIFACTS_DIR" && '
    "{{ [ ! -f bootstrap ] || chmod +x bootstrap; }}"
)
_GRADLE = ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts")
_BUNDLE_SECONDS = 20
_SATISFIED: set[tuple[object, ...]] = set()
"""Gemfiles, as they were, whose gems were found."""


def wish(function: FunctionReport, name: str) -> str:
    """Return a command of the user's, "Build" or "Run"; "" without one."""
    ours = function.metadata.get("SamLive")
    command = ours.get(name) if isinstance(ours, dict) else None
    return command.strip() if isinstance(command, str) else ""


def folder(function: FunctionReport) -> Path | None:
    """Return the folder of a function's sources; None when they are not on this machine.

    An archive that a Java build made stands for the project that it lies in.
    """
    if function.code is None:
        return None
    path = Path(function.code).resolve()
    if path.suffix not in ARCHIVES or path.is_dir():
        return path
    if function.runtime.startswith("java"):
        for above in list(path.parents)[1:3]:
            if _java(above):
                return above
    return path.parent


def program(function: FunctionReport) -> str:
    """Return the program that builds a function; "" when none does."""
    if wish(function, "Build"):
        return ""
    return _PROGRAMS.get(_way(function), "")


def build(function: FunctionReport) -> "Build | None":
    """Return how a function is built; None when its code runs as it is.

    Args:
        function: The function as it was declared.
    """
    from samlive_relay.config import Build

    code = folder(function)
    if code is None or not code.is_dir():
        return None
    if command := wish(function, "Build"):
        return Build(command=command)
    way = _way(function)
    if way == "archive":
        return _unpacked(Path(function.code or "").resolve())
    if way in ("maven", "gradle"):
        return Build(language="java", manager=way, manifest=_java_manifest(code))
    if way == "modules":
        return _go(code)
    if way == "cargo":
        return _rust(function, code)
    if way == "makefile":
        options = json.dumps({"build_logical_id": function.logical_id.rpartition("/")[2]})
        return Build(language="provided", manifest=code / "Makefile", options=options)
    if way == "dotnet":
        return Build(command=_DOTNET)
    if way == "bundler":
        return Build(language="ruby", manager="bundler", manifest=code / "Gemfile")
    return None


def _way(function: FunctionReport) -> str:
    """Return the name of the way in which a function is built; "" for none."""
    code = folder(function)
    runtime, method = function.runtime, function.metadata.get("BuildMethod")
    from_source = runtime.startswith(("python", "nodejs")) and not _is_archive(function)
    if code is None or from_source:
        return ""
    if method == "makefile":
        return "makefile"
    if runtime.startswith("java"):
        manager = "gradle" if method == "gradle" else _java(code)
        return manager or ("archive" if _is_archive(function) else "")
    if _is_archive(function):
        return "archive"
    if runtime.startswith("ruby"):
        return "bundler" if (code / "Gemfile").is_file() and not _has_gems(code) else ""
    if runtime.startswith("dotnet"):
        return "dotnet" if any(code.glob("*.*proj")) else ""
    if not runtime.startswith("provided"):
        return ""
    if method == "go1.x" or (method is None and (code / "go.mod").is_file()):
        return "modules"
    if method == "rust-cargolambda" or (method is None and (code / "Cargo.toml").is_file()):
        return "cargo"
    if isinstance(method, str) and method.startswith("dotnet"):
        return "dotnet"
    return ""


def _is_archive(function: FunctionReport) -> bool:
    path = Path(function.code or "")
    return path.suffix in ARCHIVES and path.is_file()


def _unpacked(archive: Path) -> "Build":
    from samlive_relay.config import Build

    names = {"python": shlex.quote(sys.executable), "archive": shlex.quote(str(archive))}
    return Build(command=_UNPACK.format(**names), sources=(archive,))


def _java(folder: Path) -> str:
    if (folder / "pom.xml").is_file():
        return "maven"
    return "gradle" if any((folder / name).is_file() for name in _GRADLE) else ""


def _java_manifest(folder: Path) -> Path:
    names = ("pom.xml", *_GRADLE)
    return next((folder / n for n in names if (folder / n).is_file()), folder / names[0])


def _go(code: Path) -> "Build":
    from samlive_relay.config import Build

    if sys.platform != "linux":  # the builder's programs run on Linux alone
        return Build(command=_GO_NATIVE, lists=_GO_LISTS)
    manifest = next((p / "go.mod" for p in (code, *code.parents) if (p / "go.mod").is_file()), None)
    return Build(
        language="go",
        manager="modules",
        manifest=manifest or code / "go.mod",
        options=json.dumps({"artifact_executable_name": "bootstrap"}),
        lists=_GO_LISTS,
    )


def _rust(function: FunctionReport, code: Path) -> "Build":
    from samlive_relay.config import Build

    name = _rust_binary(function, code)
    chosen = f"--bin {shlex.quote(name)} " if name else ""
    made = f'"$SCRATCH_DIR/debug/"{shlex.quote(name)}' if name else '"$SCRATCH_DIR/debug/bootstrap"'
    build = f'cargo build --quiet {chosen}--target-dir "$SCRATCH_DIR"'
    copy = f'cp {made} "$ARTIFACTS_DIR/bootstrap"'
    return Build(command=f"{build} && {copy}", lists=f"cat {made}.d")


def _rust_binary(function: FunctionReport, code: Path) -> str:
    """Return the name of the program that a function is: as SAM is told, or the only one."""
    if isinstance(name := _properties(function).get("Binary"), str):
        return name
    try:
        manifest = tomllib.loads((code / "Cargo.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    named = [each.get("name", "") for each in manifest.get("bin", [])]
    named += sorted(path.stem for path in (code / "src" / "bin").glob("*.rs"))
    package = manifest.get("package", {}).get("name", "")
    if (code / "src" / "main.rs").is_file() and package not in named:
        named.append(package)
    if function.handler in named:
        return function.handler
    return str(named[0] if named else package)


def _properties(function: FunctionReport) -> dict[str, object]:
    found = function.metadata.get("BuildProperties")
    return found if isinstance(found, dict) else {}


def _has_gems(code: Path) -> bool:
    """Tell whether the gems of a Gemfile are installed, so that nothing has to be built."""
    files = [code / name for name in ("Gemfile", "Gemfile.lock")]
    state = (code, *(path.stat().st_mtime_ns for path in files if path.is_file()))
    if state not in _SATISFIED and _resolves(code):
        _SATISFIED.add(state)
    return state in _SATISFIED


def _resolves(code: Path) -> bool:
    order = ["ruby", "-rbundler/setup", "-e", "0"]
    try:
        done = subprocess.run(order, cwd=code, capture_output=True, timeout=_BUNDLE_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
