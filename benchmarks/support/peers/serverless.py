"""serverless-offline (with osls, a free fork of Serverless 3): its own Lambda endpoint."""

import socket
import time
from pathlib import Path

from support.processes import Bench
from support.tools import Missing, node_packages

from .clouds import environment
from .subject import NODE, PYTHON, Subject, lambda_client

PACKAGES = ("osls@4", "serverless-offline@13")
START_SECONDS = 60.0
CONFIGURATION = """\
service: bench
frameworkVersion: "*"
provider: {{name: aws, runtime: nodejs20.x, region: us-east-1, timeout: 10}}
plugins: [serverless-offline]
custom:
  serverless-offline:
    host: 127.0.0.1
    noPrependStageInUrl: true
    httpPort: {ports[0]}
    lambdaPort: {ports[1]}
    websocketPort: {ports[2]}
    albPort: {ports[3]}
functions:
  hello: {{handler: src/app.handler}}
  pyhello: {{handler: src/pyapp.handler, runtime: python3.11}}
"""


def start(bench: Bench, reload: bool) -> list[Subject]:
    """Start it and return its functions.

    Args:
        bench: The run.
        reload: Whether it reloads, by a fresh worker or process for every call.

    Raises:
        Missing: It cannot be installed, or did not start.
    """
    modules = node_packages("off", *PACKAGES)
    folder = bench.folder / ("reloading" if reload else "still")
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.js").write_text(NODE)
    (folder / "src" / "pyapp.py").write_text(PYTHON)
    (folder / "package.json").write_text('{"name": "bench", "version": "1.0.0"}\n')
    (folder / "node_modules").symlink_to(modules / "node_modules")
    ports = _free_ports(4)
    (folder / "serverless.yml").write_text(CONFIGURATION.format(ports=ports))
    words = [str(modules / "node_modules" / ".bin" / "osls"), "offline", "start"]
    words += ["--reloadHandler"] if reload else []
    command = f"exec {' '.join(words)} >{folder}/log 2>&1"
    own = environment({"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})
    bench.start("sh", "-c", command, environment=own, cwd=folder)
    _wait(ports[1], folder / "log")
    client = lambda_client({}, f"http://127.0.0.1:{ports[1]}")
    tool = f"serverless-offline, {'--reloadHandler' if reload else 'no reload'}"
    return [
        Subject(
            tool,
            language,
            client,
            f"bench-dev-{name}",
            folder / "src" / file if reload else None,
            None,
        )
        for language, name, file in (
            ("Node.js", "hello", "app.js"),
            ("Python", "pyhello", "pyapp.py"),
        )
    ]


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in held]
    for each in held:
        each.close()
    return ports


def _wait(port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                said = log.read_text()[-300:] if log.exists() else ""
                raise Missing(f"serverless-offline did not start: {said}") from None
            time.sleep(0.2)
