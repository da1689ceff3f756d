"""Lambda Live Debugger: its real command and layer, on the emulator as it is.

Two stand-ins are needed there. Node.js must be told that names under
`.localhost` are this machine, and as the emulator knows no exec wrapper, the
function's code is replaced by a file that exports what the wrapper would run.
"""

import io
import json
import time
import zipfile
from collections.abc import Mapping
from typing import Any

from support.processes import Bench
from support.tools import Missing, node_packages

from . import sam
from .clouds import environment
from .subject import Subject, application, lambda_client

VERSION = "1.2.3"
START_SECONDS = 90.0
RESOLVE = """\
const dns = require('node:dns'), real = dns.lookup;
dns.lookup = (host, opts, cb) => {
  if (typeof opts === 'function') { cb = opts; opts = {}; }
  if (!/\\.localhost$/.test(host)) return real.call(dns, host, opts, cb);
  process.nextTick(() => opts && opts.all
    ? cb(null, [{ address: '127.0.0.1', family: 4 }]) : cb(null, '127.0.0.1', 4));
};
"""
SHIM = """\
process.env.ORIGINAL_HANDLER = 'app.handler';
exports.handler = require('interceptor').handler;
"""
NAMES = {"Node": "hello-node", "Python": "hello-py"}


def start(bench: Bench, variables: Mapping[str, str]) -> list[Subject]:
    """Attach it to a deployed application and return the Node.js function.

    Args:
        bench: The run.
        variables: What points at the emulator.

    Raises:
        Missing: It cannot be installed, or did not start.
    """
    modules = node_packages("lld", f"lambda-live-debugger@{VERSION}")
    folder = application(bench.folder / "lld" / "app", NAMES)
    sam.configure(folder, "bench-lld", variables["AWS_REGION"])
    sam.deploy(folder, variables)
    resolve = folder.parent / "resolve.cjs"
    resolve.write_text(RESOLVE)
    node = {**variables, "NODE_OPTIONS": f"--require {resolve}"}
    program = modules / "node_modules" / ".bin" / "lld"
    log = folder.parent / "log"
    words = f"exec {program} --framework sam --region {variables['AWS_REGION']} >{log} 2>&1"
    bench.start("sh", "-c", words, environment=environment(node), cwd=folder)
    end = time.monotonic() + START_SECONDS
    while "Debugger started" not in (text := log.read_text() if log.exists() else ""):
        if time.monotonic() > end:
            raise Missing(f"Lambda Live Debugger did not start: {text[-300:]}")
        time.sleep(0.3)
    client = lambda_client(variables)
    _shim(client, node)
    source = folder / "hello" / "app.js"
    floor = "echo on the plain emulator, Node.js"
    return [
        Subject(f"Lambda Live Debugger {VERSION}", "Node.js", client, NAMES["Node"], source, floor)
    ]


def _shim(client: Any, node: Mapping[str, str]) -> None:
    name = NAMES["Node"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("index.js", SHIM)
    client.update_function_code(FunctionName=name, ZipFile=archive.getvalue())
    set_ = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    passed = {key: node[key] for key in ("NODE_OPTIONS", "NODE_EXTRA_CA_CERTS")}
    client.update_function_configuration(
        FunctionName=name,
        Handler="index.handler",
        Environment={"Variables": json.loads(json.dumps({**set_, **passed}))},
    )
