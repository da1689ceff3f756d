"""Builds functions that are kept as they are, as `sam build` would.

A kept function runs in Lambda, so its dependencies must be in its package. The
work is done by aws-lambda-builders, SAM's own library; the result is cached by
the content of the sources. A function without a manifest needs no build, and
what `sam build` has built since the last edit is taken as it is. One that is kept
because its toolchain is missing is deployed unbuilt: that must not end a session.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samlive import toolchains
from samlive.deploy import archive
from samlive.errors import SamliveError
from samlive_transform.report import FunctionReport


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a runtime's sources are built."""

    language: str
    manager: str
    framework: str | None
    manifest: str


_BY_RUNTIME = {
    "python": Recipe("python", "pip", None, "requirements.txt"),
    "nodejs": Recipe("nodejs", "npm", None, "package.json"),
    "ruby": Recipe("ruby", "bundler", None, "Gemfile"),
    "dotnet": Recipe("dotnet", "cli-package", None, "*.csproj"),
    "java": Recipe("java", "maven", None, "pom.xml"),
    "go": Recipe("go", "modules", None, "go.mod"),
}
_BY_METHOD = {
    "esbuild": Recipe("nodejs", "npm-esbuild", None, "package.json"),
    "makefile": Recipe("provided", "", None, "Makefile"),
    "gradle": Recipe("java", "gradle", None, "build.gradle"),
    "go1.x": _BY_RUNTIME["go"],
    "rust-cargolambda": Recipe("rust", "cargo", None, "Cargo.toml"),
    "python-uv": Recipe("python", "uv", None, "pyproject.toml"),
}


def recipe(function: FunctionReport, folder: Path) -> Recipe | None:
    """Return how a function is built; None when its folder is its package."""
    method = function.metadata.get("BuildMethod")
    if isinstance(method, str) and method in _BY_METHOD:
        return _BY_METHOD[method]
    runtime = method if isinstance(method, str) else function.runtime
    for prefix, found in _BY_RUNTIME.items():
        if runtime.startswith(prefix) and any(folder.glob(found.manifest)):
            return found
    return None


def sam_build(function: FunctionReport, folder: Path) -> Path | None:
    """Return what `sam build` made of a function when nothing was edited since."""
    for project in (folder, *folder.parents):
        built = project / ".aws-sam" / "build" / function.logical_id
        mark = project / ".aws-sam" / "build.toml"
        if built.is_dir() and mark.is_file():
            newest = max((path.stat().st_mtime_ns for path in archive.files_of(folder)), default=0)
            return built if newest < mark.stat().st_mtime_ns else None
    return None


def package(function: FunctionReport, folder: Path, cache: Path) -> bytes:
    """Return the zip of a function: built when it has to be.

    Args:
        function: The function as it was declared.
        folder: Its code.
        cache: Where builds are kept.

    Raises:
        SamliveError: The build fails; says why.
    """
    found = recipe(function, folder)
    if found is None:
        return archive.zip_folder(folder)
    built = sam_build(function, folder)
    if built is not None:
        return archive.zip_folder(built)
    if function.reason and function.reason == toolchains.obstacle(function):
        return archive.zip_folder(folder)  # nothing here builds it; the report says so
    inputs = f"{archive.digest_folder(folder)}-{function.runtime}-{function.architecture}"
    kept = cache / f"{archive.digest((inputs + repr(found)).encode())}.zip"
    if kept.is_file():
        return kept.read_bytes()
    with tempfile.TemporaryDirectory(prefix="samlive-build-") as work:
        _run(found, function, folder, Path(work))
        content = archive.zip_folder(Path(work, "artifacts"))
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = kept.with_suffix(".part")
    part.write_bytes(content)
    part.chmod(0o600)
    part.replace(kept)
    return content


def _run(found: Recipe, function: FunctionReport, folder: Path, work: Path) -> None:
    from aws_lambda_builders.builder import LambdaBuilder
    from aws_lambda_builders.exceptions import LambdaBuilderError

    manifests = sorted(folder.glob(found.manifest))
    for name in ("artifacts", "scratch"):
        (work / name).mkdir()
    try:
        LambdaBuilder(found.language, found.manager or None, found.framework).build(
            str(folder),
            str(work / "artifacts"),
            str(work / "scratch"),
            str(manifests[0] if manifests else folder / found.manifest),
            runtime=function.runtime,
            architecture=function.architecture,
            options=_options(function),
        )
    except LambdaBuilderError as error:
        raise SamliveError(
            f"{function.logical_id} is kept as it is, but cannot be built: {error}",
            f"Install what the build of {function.runtime} needs"
            f"{'' if shutil.which('npm') or found.language != 'nodejs' else ' (npm)'}"
            f", or let it go live: --live {function.logical_id}",
        ) from error


def _options(function: FunctionReport) -> dict[str, Any]:
    properties = function.metadata.get("BuildProperties")
    options: dict[str, Any] = dict(properties) if isinstance(properties, dict) else {}
    options["artifact_executable_name"] = function.logical_id
    options["build_logical_id"] = function.logical_id
    return options
