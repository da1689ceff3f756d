"""`samlive doctor`: looks at everything a session needs; each finding comes with its fix.

The checks are independent: one that fails does not hide the others. Exit
status 0 when all is well, 1 otherwise.
"""

import shutil
import socket
import sys
from collections.abc import Callable, Mapping

from samlive import output, stage
from samlive.access import Access
from samlive.deploy import regions, standing
from samlive.deploy.aws import Aws
from samlive.deployment import stack_name
from samlive.errors import SamliveError
from samlive.rewriting import options, recall, rewrite
from samlive.settings import Settings
from samlive.state import Project

CONNECT_SECONDS = 5.0

Check = Callable[[], str]


def run(settings: Settings, environment: Mapping[str, str]) -> int:
    """Check everything; return the exit status.

    Args:
        settings: What the user wants.
        environment: Environment variables.
    """
    out = output.make(settings.output)
    good = True
    for name, check in checks(settings, environment).items():
        try:
            out.tell("check", name=name, ok=True, text=check())
        except Exception as error:
            failure = _told(error)
            good = False
            out.tell("check", name=name, ok=False, text=failure.message, hint=failure.hint)
    return 0 if good else 1


def checks(settings: Settings, environment: Mapping[str, str]) -> dict[str, Check]:
    """Return the checks by name; each returns what it found or raises what is wrong."""
    project = Project(settings.folder)
    access = Access(environment, settings.text("region"), settings.text("profile"))

    def template() -> str:
        facts = recall({}, settings)
        functions = rewrite(settings, options(settings, "doctor", facts)).report.functions
        live = sum(function.live for function in functions)
        return f"{settings.template}: {live} of {len(functions)} functions go live"

    def credentials() -> str:
        return f"AWS knows you as {Aws(access).identity().arn}"

    def iot() -> str:
        aws = Aws(access)
        region = regions.check(
            aws.region,
            settings.text("iot_region"),
            aws.regions("lambda"),
            aws.regions("iot-data"),
        )
        endpoint = aws.iot_endpoint(region)
        return _reachable(endpoint, access)

    def stack() -> str:
        name = stage.required(settings, project)
        wanted = stack_name(settings, name, project.of(name).record)
        found = Aws(access).stack(wanted)
        standing.check_ours(found, wanted, settings.app, name)
        if found is None:
            return f"stage {name}: not deployed yet"
        return f"stage {name}: {wanted} is {found['StackStatus']} ({standing.way(found)})"

    return {
        "template": template,
        "credentials": credentials,
        "iot": iot,
        "stage": stack,
        "python": lambda: f"Python {sys.version.split()[0]} at {sys.executable}",
        "node": _node,
    }


def _reachable(endpoint: str, access: Access) -> str:
    host, _, port = endpoint.partition(":")
    proxy = access.proxy(host)
    address = (host, int(port or 443))
    if proxy:
        address = (proxy.rpartition(":")[0], int(proxy.rpartition(":")[2]))
    elif host.endswith(".localhost"):
        address = ("127.0.0.1", address[1])
    try:
        socket.create_connection(address, CONNECT_SECONDS).close()
    except OSError as error:
        raise SamliveError(
            f"AWS IoT cannot be reached at {address[0]}:{address[1]}: {error}",
            "Open port 443 to it, or set HTTPS_PROXY.",
        ) from error
    return f"AWS IoT answers at {endpoint}"


def _node() -> str:
    path = shutil.which("node")
    return f"Node.js at {path}" if path else "Node.js is not installed (Node functions need it)"


def _told(error: Exception) -> SamliveError:
    from samlive.cli import told

    failure = told(error)
    if failure is None:
        raise error
    return failure
