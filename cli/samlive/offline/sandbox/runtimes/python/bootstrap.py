"""The managed Python runtime, as far as a kept function can tell.

Stands in for AWS's /var/runtime/bootstrap.py: it is started as
`<python> <this file>`, speaks the Runtime API and runs the handler that
`_HANDLER` names. Standard library only; must run on every Python that the
machine may have (3.9 and newer) and imports nothing of samlive.
"""

import http.client
import importlib
import json
import logging
import os
import sys
import sysconfig
import time
import traceback
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NoReturn

API = "/2018-06-01/runtime/"


class Context:
    """The second argument of a handler."""

    def __init__(self, headers: Any, request_id: str) -> None:
        environ = os.environ
        self.aws_request_id = request_id
        self.function_name = environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = headers.get("Lambda-Runtime-Invoked-Function-Arn")
        self.tenant_id = headers.get("Lambda-Runtime-Aws-Tenant-Id")
        client = json.loads(headers.get("Lambda-Runtime-Client-Context") or "null")
        self.client_context = client and Bag(
            client=Bag(**(client.get("client") or {})),
            custom=client.get("custom"),
            env=client.get("env"),
        )
        identity = json.loads(headers.get("Lambda-Runtime-Cognito-Identity") or "{}")
        self.identity = Bag(
            cognito_identity_id=identity.get("cognitoIdentityId"),
            cognito_identity_pool_id=identity.get("cognitoIdentityPoolId"),
        )
        self._deadline = int(headers.get("Lambda-Runtime-Deadline-Ms") or 0)

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the timeout."""
        return max(self._deadline - int(time.time() * 1000), 0)

    def log(self, message: object) -> None:
        """Write to the function's log."""
        sys.stdout.write(str(message))


class Bag:
    """An object with the given attributes."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


class LogFormatter(logging.Formatter):
    """Lambda's log lines: level, time, request id, message, by tabs."""

    request_id = ""

    def __init__(self) -> None:
        super().__init__("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(request)s\t%(message)s")
        self.datefmt = "%Y-%m-%dT%H:%M:%S"
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        record.request = LogFormatter.request_id
        return super().format(record)


class StartError(Exception):
    """The handler cannot be loaded; carries the error as Lambda reports it."""

    def __init__(self, kind: str, message: str, trace: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.report = {"errorMessage": message, "errorType": kind, "stackTrace": list(trace)}


def set_import_path() -> None:
    """Leave the standard library, the function and its layers importable, no more."""
    standard = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    kept = [
        path
        for path in sys.path[1:]
        if any(path == base or os.path.dirname(path) == base for base in standard)
        or path.endswith(".zip")
        or path in os.environ.get("PYTHONPATH", "").split(os.pathsep)
    ]
    installed = ("site-packages", "dist-packages")
    kept = [path for path in kept if os.path.basename(path) not in installed]
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    opt = os.environ["SAMLIVE_OFFLINE_OPT"]
    sys.path[:] = [
        os.environ["LAMBDA_TASK_ROOT"],
        opt + "/python/lib/" + version + "/site-packages",
        opt + "/python",
        *kept,
        *os.environ.get("SAMLIVE_OFFLINE_SDK", "").split(os.pathsep),
    ]
    sys.path[:] = [path for path in sys.path if path]


def load(name: str) -> Any:
    """Return the handler function.

    Raises:
        StartError: It cannot be loaded.
    """
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise StartError("Runtime.MalformedHandlerName", f"Bad handler '{name}': {error}") from None
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        text = f"Unable to import module '{module_name}': {error}"
        raise StartError("Runtime.ImportModuleError", text) from None
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text or ""}']
        text = f"Syntax error in module '{module_name}': {error}"
        raise StartError("Runtime.UserCodeSyntaxError", text, trace) from None
    except Exception as error:
        report = described(error, skip=4)
        kind, text = report["errorType"], report["errorMessage"]
        raise StartError(kind, text, report["stackTrace"]) from None
    if not hasattr(module, function_name):
        text = f"Handler '{function_name}' missing on module '{module_name}'"
        raise StartError("Runtime.HandlerNotFound", text)
    return getattr(module, function_name)


def described(error: BaseException, skip: int = 1) -> dict[str, Any]:
    """Return an exception as Lambda reports it, without our own frames."""
    frames = traceback.extract_tb(error.__traceback__)[skip:]
    frames = [frame for frame in frames if not frame.filename.startswith("<frozen importlib")]
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_list(frames),
    }


def encoded(value: object) -> bytes:
    """Return the JSON of a handler's result."""

    def default(item: object) -> float:
        if isinstance(item, Decimal):
            return float(item)
        raise TypeError(f"Object of type {type(item).__name__} is not JSON serializable")

    return json.dumps(value, default=default, ensure_ascii=False).encode()


def answer(handler: Any, event: bytes, context: Context) -> tuple[str, bytes]:
    """Run the handler.

    Returns:
        "response" or "error", and the body to post.
    """
    try:
        result = handler(json.loads(event), context)
    except Exception as error:
        return "error", failed(described(error, skip=1), context.aws_request_id)
    try:
        return "response", encoded(result)
    except (TypeError, ValueError) as error:
        report = {
            "errorMessage": f"Unable to marshal response: {error}",
            "errorType": "Runtime.MarshalError",
            "stackTrace": [],
        }
        return "error", failed(report, context.aws_request_id)


def failed(report: dict[str, Any], request_id: str) -> bytes:
    """Log an error and return it as JSON."""
    lines = [f"[ERROR] {report['errorType']}: {report['errorMessage']}"]
    if report["stackTrace"]:
        lines += ["Traceback (most recent call last):", *report["stackTrace"]]
    print("\n".join(line.rstrip("\n") for line in lines), flush=True)
    return json.dumps({**report, "requestId": request_id}).encode()


def post(connection: http.client.HTTPConnection, path: str, body: bytes, kind: str = "") -> int:
    """Post to the Runtime API and return the status."""
    headers = {"Lambda-Runtime-Function-Error-Type": kind} if kind else {}
    connection.request("POST", API + path, body, headers)
    reply = connection.getresponse()
    reply.read()
    return reply.status


def serve(connection: http.client.HTTPConnection, handler: Any) -> NoReturn:
    """Answer invocations until the cloud goes."""
    while True:
        connection.request("GET", API + "invocation/next")
        reply = connection.getresponse()
        event = reply.read()
        request_id = reply.headers["Lambda-Runtime-Aws-Request-Id"]
        LogFormatter.request_id = request_id
        os.environ["_X_AMZN_TRACE_ID"] = reply.headers.get("Lambda-Runtime-Trace-Id") or ""
        kind, body = answer(handler, event, Context(reply.headers, request_id))
        sys.stdout.flush()
        sys.stderr.flush()
        post(connection, f"invocation/{request_id}/{kind}", body)


def main() -> None:
    """Load the handler, then serve; report why when it cannot be loaded."""
    set_import_path()
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(LogFormatter())
    logging.getLogger().addHandler(output)
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port))
    try:
        handler = load(os.environ["_HANDLER"])
    except StartError as error:
        post(connection, "init/error", failed(error.report, ""), error.kind)
        sys.exit(1)
    try:
        serve(connection, handler)
    except (ConnectionError, http.client.HTTPException):
        sys.exit(0)


if __name__ == "__main__":
    main()
