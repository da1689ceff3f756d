"""Every AWS call in the source fits its service's model: operation, parameters, required ones."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import botocore
import botocore.session
import pytest
from botocore.validate import ParamValidator

import recorded_calls
from samlive import deploy
from samlive.deploy.names_api import LOOKUPS, Home

FOLDER = Path(deploy.__file__).parent
SESSION = botocore.session.Session()


def written() -> Iterator[tuple[str, str, str, set[str], bool]]:
    """Place, service, operation, parameters, and whether more parameters are added."""
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            words = [each.value for each in node.args[:2] if isinstance(each, ast.Constant)]
            if node.func.attr != "_call" or len(words) < 2:
                continue
            names = {each.arg for each in node.keywords if each.arg and each.arg != "region"}
            more = any(each.arg is None for each in node.keywords)
            yield f"{path.name}:{node.lineno}", str(words[0]), str(words[1]), names, more


CALLS = list(written())


def test_calls_are_found() -> None:
    assert len(CALLS) > 40


@pytest.mark.parametrize(
    ("service", "operation", "names", "more"),
    [call[1:] for call in CALLS],
    ids=[f"{call[0]}-{call[2]}" for call in CALLS],
)
def test_call_fits_the_model(service: str, operation: str, names: set[str], more: bool) -> None:
    model = SESSION.get_service_model(service)
    by_method = {botocore.xform_name(name): name for name in model.operation_names}
    shape = model.operation_model(by_method[operation]).input_shape
    members = set(shape.members) if shape else set()
    assert names <= members
    assert more or set(shape.required_members if shape else ()) <= names


@pytest.mark.parametrize("type_", LOOKUPS)
def test_lookup_of_a_name_fits_the_model(type_: str) -> None:
    lookup, home = LOOKUPS[type_], Home("aws", "eu-central-1", "123456789012")
    model = SESSION.get_service_model(lookup.service)
    by_method = {botocore.xform_name(name): name for name in model.operation_names}
    shape = model.operation_model(by_method[lookup.operation]).input_shape
    report = ParamValidator().validate(lookup.arguments("name-1", home), shape)
    assert not report.has_errors(), report.generate_report()


def test_host_that_is_not_this_machine_is_found(tmp_path: Path) -> None:
    """As a process notes it that speaks to somebody: one line a look-up or connection."""
    file = tmp_path / "calls.txt"
    assert recorded_calls.strangers(file) == set()
    program = (
        "import contextlib, socket\n"
        "socket.getaddrinfo('203.0.113.7', 443)  # an address: nobody is asked\n"
        "socket.getaddrinfo('127.0.0.1', 443)\n"
        "with socket.socket() as one, contextlib.suppress(OSError): one.connect(('127.0.0.1', 9))\n"
        "with socket.socket(type=socket.SOCK_DGRAM) as two, contextlib.suppress(OSError):\n"
        "    two.connect(('192.0.2.1', 9))\n"
    )
    environment = {**os.environ, **recorded_calls.variables(file)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert recorded_calls.strangers(file) == {"203.0.113.7"}


def test_unknown_parameter_of_a_recorded_call_is_found(tmp_path: Path) -> None:
    file = tmp_path / "calls.txt"
    good = '{"service": "s3", "operation": "PutObject", "parameters": '
    file.write_text(
        good + '{"Bucket": "b", "Key": "k", "Body": {"bytes": 3}}}\n'
        '{"service": "sts", "operation": "GetCallerIdentity", "parameters": {"No": 1}}\n'
    )
    (problem,) = recorded_calls.problems(file)
    assert problem.startswith("sts:GetCallerIdentity: Unknown parameter")
