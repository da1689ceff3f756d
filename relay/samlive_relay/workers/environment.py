"""Which environment variables a function sees here.

The execution environment's own variables win: they hold the user's settings
and the role's credentials. What describes the stub there (its runtime, paths
and interpreter switches) is rebuilt for this machine, and what the transform
set aside for the user comes back under its own name. Of the developer's shell
only a few harmless variables pass: one AWS variable of his would quietly turn
the role's permissions into his own.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from samlive_relay.config import LocalFunction
from samlive_stub.contract import ASIDE_PREFIX, VARIABLE

FROM_DEVELOPER = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "LOGNAME", "SYSTEMROOT")

OF_THE_STUB = frozenset(
    {
        VARIABLE,
        "_",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_EXEC_WRAPPER",
        "AWS_LAMBDA_RUNTIME_API",
        "HOME",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "NODE_OPTIONS",
        "NODE_PATH",
        "PATH",
        "PWD",
        "PYTHONHOME",
        "PYTHONPATH",
        "SHLVL",
        "TMPDIR",
    }
)
"""Variables that describe the remote process and would mislead a local one."""


def build(
    function: LocalFunction, remote: Mapping[str, str], developer: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables of a local environment.

    Args:
        function: The function as the template declares it.
        remote: Variables of the execution environment, as its stub sent them.
        developer: Variables of the shell that samlive runs in.
    """
    variables = {name: developer[name] for name in FROM_DEVELOPER if name in developer}
    # Files in the developer's home hold profiles, regions and endpoints of his own.
    variables["AWS_CONFIG_FILE"] = variables["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    variables["AWS_EC2_METADATA_DISABLED"] = "true"
    variables |= {
        name: value
        for name, value in remote.items()
        if name not in OF_THE_STUB and not name.startswith(ASIDE_PREFIX)
    }
    variables |= _paths(function, variables)
    variables |= {
        name.removeprefix(ASIDE_PREFIX): value
        for name, value in remote.items()
        if name.startswith(ASIDE_PREFIX)
    }
    variables |= {
        "_HANDLER": function.handler,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "IS_LOCAL": "true",
        "LAMBDA_TASK_ROOT": str(function.code),
    }
    if not function.runtime.startswith("provided"):
        variables["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{function.runtime}"
    return variables


def _paths(function: LocalFunction, variables: Mapping[str, str]) -> dict[str, str]:
    """Put layers where each runtime looks for them; the last layer wins, as in /opt."""
    layers = tuple(reversed(function.layers))
    programs = [variables.get("PATH", os.defpath), *(str(layer / "bin") for layer in layers)]
    paths = {"PATH": os.pathsep.join(programs)}
    if libraries := [str(layer / "lib") for layer in layers if (layer / "lib").is_dir()]:
        paths["LD_LIBRARY_PATH"] = os.pathsep.join(libraries)
    modules = [
        str(layer / "nodejs" / inner)
        for layer in layers
        for inner in (_node_folder(function.runtime), "node_modules")
        if (layer / "nodejs" / inner).is_dir()
    ]
    if modules:
        paths["NODE_PATH"] = os.pathsep.join(modules)
    if function.runtime.startswith("ruby"):
        paths |= _ruby(function.runtime, layers)
    return paths


def _ruby(runtime: str, layers: tuple[Path, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    gems = [layer / "ruby" / "gems" / f"{runtime.removeprefix('ruby')}.0" for layer in layers]
    if installed := [str(folder) for folder in gems if folder.is_dir()]:
        found["GEM_PATH"] = os.pathsep.join([*installed, ""])  # and the default places
    libraries = [layer / "ruby" / "lib" for layer in layers]
    if present := [str(folder) for folder in libraries if folder.is_dir()]:
        found["RUBYLIB"] = os.pathsep.join(present)
    return found


def _node_folder(runtime: str) -> str:
    version = runtime.removeprefix("nodejs").partition(".")[0]
    return f"node{version}/node_modules"


def python_layer_paths(function: LocalFunction) -> list[str]:
    """Return the folders of the function's layers that Python imports from, in order."""
    folders = [
        layer / "python" / inner
        for layer in reversed(function.layers)
        for inner in (f"lib/{function.runtime}/site-packages", "")
    ]
    return [str(folder) for folder in folders if folder.is_dir()]
