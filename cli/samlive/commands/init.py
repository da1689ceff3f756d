"""`samlive init EDITOR`: launch configurations that attach a debugger to functions.

They are written into the folder in which the command runs, which is what an
editor opens. Nothing of the user's is changed: configurations are added beside
those that are there, comments and all, and a file that is something else is left alone.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from samlive import debug_ports, jsonc, recipes, rewriting
from samlive.errors import SamliveError, reason
from samlive.settings import Settings
from samlive.state import Project, write_shared

EDITORS = ("vscode", "pycharm", "webstorm", "intellij")
PREFIX = "samlive: "
_CONFIGURATION = """\
<component name="ProjectRunConfigurationManager">
  <configuration default="false" name="{name}" %s>
    <method v="2" />
  </configuration>
</component>
"""
_IDEA = {
    "python": _CONFIGURATION.replace(
        "    <method",
        """\
    <option name="remoteAddress" value="127.0.0.1:{port}" />
    <PathMappingSettings>
      <option name="pathMappings">
        <list>
          <mapping local-root="$PROJECT_DIR$" remote-root="$PROJECT_DIR$" />
        </list>
      </option>
    </PathMappingSettings>
    <method""",
    )
    % 'type="PythonDapAttachConfiguration"',
    "nodejs": _CONFIGURATION
    % (
        'type="ChromiumRemoteDebugType" factoryName="Chromium Remote" host="127.0.0.1" '
        'port="{port}" restartOnDisconnect="true"'
    ),
    "java": _CONFIGURATION.replace(
        "    <method",
        '    <option name="USE_SOCKET_TRANSPORT" value="true" />\n'
        '    <option name="SERVER_MODE" value="false" />\n'
        '    <option name="HOST" value="127.0.0.1" />\n'
        '    <option name="PORT" value="{port}" />\n'
        '    <option name="AUTO_RESTART" value="true" />\n    <method',
    )
    % 'type="Remote"',
    "provided": _CONFIGURATION
    % (
        'type="GoRemoteDebugConfigurationType" factoryName="Go Remote" host="127.0.0.1" '
        'port="{port}"'
    ),
}
"""What JetBrains editors read, by beginning of the runtime. That of Python is PyCharm's
"Attach to DAP", which speaks to debugpy; its older "Python Debug Server" does not.
https://www.jetbrains.com/help/pycharm/run-debug-configuration-attach-to-dap.html"""

_NEW_LAUNCH_FILE = """\
{
  "version": "0.2.0",
  "configurations": [
  ]
}
"""

_KINDS = {
    "pycharm": ("python", "nodejs"),
    "webstorm": ("nodejs",),
    "intellij": ("nodejs", "java", "provided"),
}


def run(settings: Settings, editor: str) -> int:
    """Write the configurations of an editor; return the exit status.

    Args:
        settings: What the user wants.
        editor: One of EDITORS.
    """
    runtimes = _runtimes(settings)
    known = debug_ports.ports(Project(settings.folder), runtimes)
    if editor == "vscode":
        _vscode(Path(".vscode/launch.json"), list(_attachments(runtimes, known)))
    else:
        _idea(editor, Path(".idea/runConfigurations"), runtimes, known)
    names = " ".join(runtimes)
    _say(f"Start the session with: samlive dev --debug-functions {names}")
    return 0


def _runtimes(settings: Settings) -> dict[str, str]:
    """Return the runtimes of functions that can be debugged, by logical id."""
    from samlive_transform.declared import declared

    found = declared(rewriting.read(settings), settings.pairs("parameter_overrides"))
    runtimes = {
        name: each.report.runtime
        for name, each in found.items()
        if debug_ports.can_be_debugged(each.report.runtime, recipes.program(each.report) == "go")
    }
    if not runtimes:
        raise SamliveError(
            f"{settings.template} has no function that a debugger can attach to.",
            debug_ports.WHICH,
        )
    return runtimes


def _attachments(runtimes: dict[str, str], known: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Yield VS Code's configurations, one for each function.

    https://code.visualstudio.com/docs/python/debugging
    https://code.visualstudio.com/docs/nodejs/nodejs-debugging
    https://code.visualstudio.com/docs/java/java-debugging
    https://github.com/golang/vscode-go/wiki/debugging
    """
    for name, runtime in runtimes.items():
        common = {"name": PREFIX + name, "request": "attach"}
        if runtime.startswith("python"):
            where = {"host": "127.0.0.1", "port": known[name]}
            yield {**common, "type": "debugpy", "connect": where, "justMyCode": True}
        elif runtime.startswith("java"):
            yield {**common, "type": "java", "hostName": "127.0.0.1", "port": known[name]}
        elif runtime.startswith("provided"):
            where = {"mode": "remote", "host": "127.0.0.1", "port": known[name]}
            yield {**common, "type": "go", **where}
        else:
            where = {"address": "127.0.0.1", "port": known[name]}
            yield {**common, "type": "node", **where, "restart": True, "continueOnAttach": True}


def _vscode(path: Path, ours: list[dict[str, Any]]) -> None:
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        text = _NEW_LAUNCH_FILE
    except (OSError, UnicodeDecodeError) as error:
        raise SamliveError(
            f"{path} cannot be read: {reason(error)}.", "Mend it, or move it away."
        ) from None
    try:
        listed = jsonc.parse(text)["configurations"]
        there = {each.get("name") for each in listed if isinstance(each, dict)}
        fresh = [each for each in ours if each["name"] not in there]
        made = jsonc.append(text, "configurations", fresh) if fresh else text
    except (ValueError, KeyError, TypeError):
        raise SamliveError(
            f"{path} is not what VS Code writes: it holds no list of configurations. "
            "It is left as it is.",
            'Add these to "configurations" yourself:\n' + json.dumps(ours, indent=2),
        ) from None
    if not fresh:
        _say(f"{path} has them all.")
        return
    path.parent.mkdir(exist_ok=True)
    write_shared(path, made)
    _say(f"{path}: added {', '.join(each['name'] for each in fresh)}")


def _idea(editor: str, folder: Path, runtimes: dict[str, str], known: dict[str, int]) -> None:
    kinds = {
        name: next(filter(runtime.startswith, _KINDS[editor]), "")
        for name, runtime in runtimes.items()
    }
    written = {name: kind for name, kind in kinds.items() if kind}
    if not written:
        raise SamliveError(
            f"The template has no function that {editor} can attach to.",
            "Use `samlive init pycharm` or `samlive init vscode` for Python functions.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, kind in written.items():
        path = folder / f"samlive_{name.replace('/', '_')}.xml"
        if path.exists():
            _say(f"{path} is there already; it is left as it is.")
            continue
        write_shared(path, _IDEA[kind].format(name=PREFIX + name, port=known[name]))
        _say(f"{path}: written")
    if left := [name for name in runtimes if name not in written]:
        _say(f"Left out, as {editor} does not attach to them: {', '.join(left)}")


def _say(text: str) -> None:
    print(text, file=sys.stderr)
