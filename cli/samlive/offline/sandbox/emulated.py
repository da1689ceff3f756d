"""An execution environment under AWS's own runtime interface emulator (RIE).

RIE is AWS's implementation of the Runtime API, so a runtime that works under
it works on Lambda: the check on our own. It takes one invocation at a time and
gives the runtime variables of its own, hence one RIE per environment, and a
script between it and the runtime that sets ours.

What RIE cannot do is not corrected here: the ARN it tells is always the same,
request ids are its own, errors come as ordinary answers and are told by their
"errorType", a timeout as plain text.
"""

import http.client
import json
import os
import shlex
import shutil
import socket
import time
from pathlib import Path

from samlive.offline.sandbox import failures, variables
from samlive.offline.sandbox.function import Answer, Function
from samlive.offline.sandbox.house import House
from samlive.offline.sandbox.process import Process, Start
from samlive.offline.sandbox.runtime_api import Outcome
from samlive.offline.sandbox.streaming import Sink

INVOKE_PATH = "/2015-03-31/functions/function/invocations"
_OWN = "AWS_LAMBDA_RUNTIME_API"
_GRACE_SECONDS = 5.0
_TIMED_OUT = b"Task timed out after "


class Emulated:
    """Starts RIE with a function's runtime.

    Args:
        function: What to run.
        house: What it shares with others.
        emulator: Path of the RIE binary.

    Raises:
        NoEntryPointError: There is nothing to start.
        zipfile.BadZipFile: The package or a layer is no zip.
    """

    def __init__(self, function: Function, house: House, emulator: Path) -> None:
        self.function = function
        self.stream = variables.log_stream_name(function.version)
        self.used_at = time.monotonic()
        self._house = house
        self._folder = house.own_folder(self.stream)
        self._port, api_port = _free_ports()
        self._code: int | None = None
        start = house.prepare(function, self.stream, f"127.0.0.1:{api_port}")
        script = _script(self._folder, start)
        command = [str(emulator), "--runtime-interface-emulator-address"]
        command += [f"127.0.0.1:{self._port}", "--runtime-api-address", f"127.0.0.1:{api_port}"]
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
        }
        under = Start([*command, str(script)], environment, start.folder, start.log)
        self._process = Process(under, house.groups, self._exited)

    @property
    def pid(self) -> int:
        """Process id of RIE."""
        return self._process.pid

    def ready(self, seconds: float) -> Outcome | None:
        """Wait until RIE listens; it starts the runtime with the first invocation.

        Args:
            seconds: How long to wait.
        """
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            if self._code is not None:
                return Outcome("exit", str(self._code).encode())
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return Outcome("ready")
            time.sleep(0.005)
        return None

    def invoke(self, request_id: str, event: bytes, trace: str, sink: Sink | None = None) -> Answer:
        """Run one invocation and wait for its end.

        Args:
            request_id: Its id; RIE makes one of its own.
            event: The event.
            trace: X-Ray trace header, or "".
            sink: Not used: RIE answers whole.
        """
        start = self._process.written()
        limit = self.function.timeout + _GRACE_SECONDS
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=limit)
        try:
            connection.request("POST", INVOKE_PATH, event, {"X-Amzn-Trace-Id": trace})
            body = connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            body = failures.exited(request_id, self._code or 1)
            return Answer(body, True, self._process.log_since(start), alive=False)
        finally:
            connection.close()
            self._note_groups()
        self.used_at = time.monotonic()
        log = self._process.log_since(start)
        if body.startswith(_TIMED_OUT):
            body = failures.timed_out(request_id, float(self.function.timeout))
            return Answer(body, True, log, alive=False)
        return Answer(body, _is_error(body), log)

    def log(self) -> str:
        """Return all that it and the runtime have written."""
        return self._process.log_since(0)

    def stop(self) -> None:
        """Kill it and its runtimes, remove its folder; may be called again."""
        self._process.kill()
        for group in self._note_groups():
            self._house.groups.kill(group)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _exited(self, code: int) -> None:
        self._code = code

    def _note_groups(self) -> list[int]:
        """Note the groups of the runtimes, which RIE puts outside its own."""
        noted = self._folder / "groups"
        found = [int(line) for line in noted.read_text().split()] if noted.exists() else []
        for group in found:
            self._house.groups.add(group)
        return found


def _is_error(body: bytes) -> bool:
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and "errorType" in answer and "errorMessage" in answer


def _script(folder: Path, start: Start) -> Path:
    """Write the script that stands between RIE and the runtime."""
    exports = [
        f"export {name}={shlex.quote(value)}"
        for name, value in start.variables.items()
        if name != _OWN
    ]
    note = f"echo $$ >> {shlex.quote(str(folder / 'groups'))}"
    path = folder / "start"
    path.touch(mode=0o700)
    path.write_text("\n".join(["#!/bin/sh", note, *exports, f"exec {shlex.join(start.command)}\n"]))
    return path


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one:
        with socket.create_server(("127.0.0.1", 0)) as two:
            return one.getsockname()[1], two.getsockname()[1]
