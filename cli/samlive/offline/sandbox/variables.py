"""The environment variables that Lambda gives a runtime.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import datetime
import os
import uuid
from collections.abc import Mapping

from samlive.offline.sandbox.function import Function
from samlive.offline.sandbox.places import Places

_RUNTIME_PATH = "/usr/local/bin:/usr/bin:/bin"


def log_stream_name(version: str) -> str:
    """Return a new name in Lambda's form: date, version, 32 hex digits."""
    today = datetime.datetime.now(datetime.UTC).strftime("%Y/%m/%d")
    return f"{today}/[{version}]{uuid.uuid4().hex}"


def environment(
    function: Function, places: Places, stream: str, endpoint_url: str, runtime_api: str
) -> dict[str, str]:
    """Return all variables of an execution environment.

    Args:
        function: The function; its own variables win where Lambda lets them.
        places: Where its code and layers are.
        stream: Log stream name.
        endpoint_url: Address of the offline AWS APIs.
        runtime_api: Address of its Runtime API.
    """
    opt = places.opt
    return {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": os.pathsep.join([_RUNTIME_PATH, os.environ.get("PATH", ""), f"{opt}/bin"]),
        "LD_LIBRARY_PATH": f"{places.task}:{places.task}/lib:{opt}/lib",
        "NODE_PATH": _node_path(function, opt),
        "HOME": str(places.tmp),
        "TMPDIR": str(places.tmp),
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "_X_AMZN_TRACE_ID": "",
        **function.variables,
        **_reserved(function, places, stream),
        **function.credentials,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        **_wrapper(function.variables, opt),
    }


def _reserved(function: Function, places: Places, stream: str) -> dict[str, str]:
    return {
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "LAMBDA_TASK_ROOT": str(places.task),
        "LAMBDA_RUNTIME_DIR": str(places.runtime),
        "SAMLIVE_OFFLINE_OPT": str(places.opt),
        "SAMLIVE_OFFLINE_SDK": str(places.sdk),
        "_HANDLER": function.handler,
        **_logging(function),
    }


def _logging(function: Function) -> dict[str, str]:
    if function.log_format != "JSON":
        return {}
    return {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": function.log_level}


def _node_path(function: Function, opt: object) -> str:
    major = function.runtime.removeprefix("nodejs").partition(".")[0]
    return f"{opt}/nodejs/node{major}/node_modules:{opt}/nodejs/node_modules"


def _wrapper(variables: Mapping[str, str], opt: object) -> dict[str, str]:
    value = variables.get("AWS_LAMBDA_EXEC_WRAPPER", "")
    if not value.startswith("/opt/"):
        return {}
    return {"AWS_LAMBDA_EXEC_WRAPPER": f"{opt}/{value.removeprefix('/opt/')}"}
