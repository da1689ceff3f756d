"""Builds functions that are kept as they are, and the layers they use, as `sam build` would.

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
from samlive_transform.report import FunctionReport, LayerReport


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


_LAYER_FOLDERS = {
    "python": "python",
    "nodejs": "nodejs",
    "ruby": "ruby/lib",
    "java": "java",
    "dotnet": "dotnet",
}
"""Where a runtime looks for a layer's content; a makefile makes its folders itself.
https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html"""


def recipe(function: FunctionReport | LayerReport, folder: Path) -> Recipe | None:
    """Return how something is built; None when its folder is its package."""
    method = function.metadata.get("BuildMethod")
    if isinstance(method, str) and method in _BY_METHOD:
        return _BY_METHOD[method]
    runtime = method if isinstance(method, str) else function.runtime
    for prefix, found in _BY_RUNTIME.items():
        if runtime.startswith(prefix) and any(folder.glob(found.manifest)):
            return found
    return None


def sam_build(function: FunctionReport | LayerReport, folder: Path) -> Path | None:
    """Return what `sam build` made of something when nothing was edited since."""
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
    return _cached(found, function, folder, cache, "")


def layer(report: LayerReport, folder: Path, cache: Path) -> bytes:
    """Return the zip of a layer that says how it is built.

    Args:
        report: How.
        folder: Its sources.
        cache: Where builds are kept.

    Raises:
        SamliveError: Nothing is known of such a build, or it fails; says why.
    """
    found = recipe(report, folder)
    if found is None:
        method = report.metadata.get("BuildMethod")
        raise SamliveError(
            f"{report.logical_id}: the BuildMethod {method} of this layer cannot be followed in "
            f"{folder}.",
            "It takes a runtime whose manifest is in that folder, or `makefile`.",
        )
    built = sam_build(report, folder)
    if built is not None:
        return archive.zip_folder(built)
    beginnings = (name for name in _LAYER_FOLDERS if report.runtime.startswith(name))
    makefile = found.manifest == "Makefile"
    inner = "" if makefile else _LAYER_FOLDERS[next(beginnings, "python")]
    return _cached(found, report, folder, cache, inner)


def _cached(
    found: Recipe,
    what: FunctionReport | LayerReport,
    folder: Path,
    cache: Path,
    inner: str,
) -> bytes:
    """Return a built zip, made anew only when its sources or its recipe have changed."""
    inputs = f"{archive.digest_folder(folder)}-{what.runtime}-{what.architecture}-{inner}"
    options = repr((found, sorted(_options(what).items(), key=str)))
    kept = cache / f"{archive.digest((inputs + options).encode())}.zip"
    if kept.is_file():
        return kept.read_bytes()
    with tempfile.TemporaryDirectory(prefix="samlive-build-") as work:
        _run(found, what, folder, Path(work), inner)
        content = archive.zip_folder(Path(work, "artifacts"))
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = kept.with_suffix(".part")
    part.write_bytes(content)
    part.chmod(0o600)
    part.replace(kept)
    return content


def _run(
    found: Recipe, what: FunctionReport | LayerReport, folder: Path, work: Path, inner: str
) -> None:
    from aws_lambda_builders.builder import LambdaBuilder
    from aws_lambda_builders.exceptions import LambdaBuilderError

    from samlive_relay.workers.builders import leave_out_own_folder

    leave_out_own_folder()
    manifests = sorted(folder.glob(found.manifest))
    artifacts = work / "artifacts" / inner
    artifacts.mkdir(parents=True)
    (work / "scratch").mkdir()
    try:
        LambdaBuilder(found.language, found.manager or None, found.framework).build(
            str(folder),
            str(artifacts),
            str(work / "scratch"),
            str(manifests[0] if manifests else folder / found.manifest),
            runtime=what.runtime,
            architecture=what.architecture,
            options=_options(what),
            is_building_layer=isinstance(what, LayerReport),
        )
    except LambdaBuilderError as error:
        npm = found.language == "nodejs" and not shutil.which("npm")
        needed = f"Install what the build of {what.runtime or found.language} needs"
        if isinstance(what, LayerReport):
            text, way = f"The layer {what.logical_id} cannot be built: {error}", ""
        else:
            text = f"{what.logical_id} is kept as it is, but cannot be built: {error}"
            way = f", or let it go live: --live {what.logical_id}"
        raise SamliveError(text, f"{needed}{' (npm)' if npm else ''}{way}.") from error


def _options(function: FunctionReport | LayerReport) -> dict[str, Any]:
    properties = function.metadata.get("BuildProperties")
    options: dict[str, Any] = dict(properties) if isinstance(properties, dict) else {}
    own = function.logical_id.rpartition("/")[2]  # what a Makefile's targets are called
    options["artifact_executable_name"] = own
    options["build_logical_id"] = own
    return options
