"""AWS's runtime interface client for Node.js, out of the npm registry.

It is installed once into the user's cache. Its HTTP client is native code that
takes a compiler, cmake and a minute to build, and does nothing but carry
requests; `rapid_client.cjs` stands for it. A slow test builds the real one and
shows that nothing differs.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

PACKAGE = "aws-lambda-ric"
STAND_IN = Path(__file__).parent / "rapid_client.cjs"
_CACHE = Path.home() / ".cache" / "samlive"
_ADDONS = ("rapid-client.node", "dist/rapid-client.node")


def command(version: str, handler: str, native: bool = False) -> tuple[str, ...]:
    """Return the command that serves a handler; skips the test where it cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("no node and npm on the PATH")
    folder = _CACHE / f"{PACKAGE}-{version}{'-native' if native else ''}"
    if not folder.is_dir():
        _install(npm, version, folder, native)
    package = folder / "node_modules" / PACKAGE
    if version.startswith("3."):  # its command says more than the managed runtime's does
        start = f"import {{ run }} from {str(package / 'dist' / 'index.mjs')!r}; "
        start += f"await run(process.cwd(), {handler!r});"
        program = ["--input-type=module", "--eval", start]
    else:
        program = [str(package / "index.mjs")]
    return (node, *([] if native else ["--require", str(STAND_IN)]), *program)


def _install(npm: str, version: str, folder: Path, native: bool) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=folder.name, dir=folder.parent))
    try:
        (fresh / "package.json").write_text("{}")
        _run(npm, fresh, "install", "--ignore-scripts", f"{PACKAGE}@{version}")
        package = fresh / "node_modules" / PACKAGE
        if native:
            _run(npm, fresh, "rebuild", PACKAGE)
        else:
            for name in _ADDONS:
                if (package / name).parent.is_dir():
                    (package / name).touch()  # found by name; read by the stand-in
        fresh.rename(folder)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        if not folder.is_dir():  # else another process was faster
            raise


def _run(npm: str, folder: Path, *arguments: str) -> None:
    line = [npm, *arguments, "--no-audit", "--no-fund", "--foreground-scripts", "--loglevel=error"]
    environment = {**os.environ, "npm_config_update_notifier": "false"}
    done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"npm {arguments[0]} of {PACKAGE} failed: {done.stderr.strip()[-200:]}")
