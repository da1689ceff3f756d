"""The whole loop: an event in the cloud runs the file on this disk."""

import concurrent.futures
import hashlib
import re
from pathlib import Path

import pytest

from live_session import Ready, edit

pytestmark = pytest.mark.e2e


def test_ready_names_urls_and_every_function_with_its_state(orders: Ready) -> None:
    functions = orders.ready["functions"]
    assert "kept: " in functions["SeedFunction"]
    live = {name for name, state in functions.items() if state == "live"}
    assert live == set(functions) - {"SeedFunction"}
    assert all(url.startswith("http://127.0.0.1:") for url in orders.urls.values())


def test_custom_resource_ran_its_own_code_during_the_deploy(orders: Ready) -> None:
    table = orders.physical("ProductsTable")
    items = orders.client("dynamodb").scan(TableName=table)["Items"]
    assert {item["sku"]["S"] for item in items} == {"tea", "pot", "cup"}


def test_http_api_is_answered_by_the_file_on_disk_and_by_its_edit(orders: Ready) -> None:
    status, body = orders.fetch("HttpApi", "/health")
    assert (status, body) == (200, b'{"status": "ok"}')
    edit(orders.live.project / "src/orders_api/app.py", '"status": "ok"', '"status": "OK"')
    assert orders.fetch("HttpApi", "/health") == (200, b'{"status": "OK"}')


def test_order_is_stored_with_the_functions_own_role_and_fulfilled_from_the_queue(
    orders: Ready,
) -> None:
    status, placed = orders.fetch_json(
        "HttpApi", "/orders", {"customer": "Ada", "items": [{"sku": "tea", "quantity": 2}]}
    )
    assert status == 201
    assert placed["total_cents"] == 1380
    orders.live.seen_or_expect("invocation", lambda e: e["function"] == "WorkerFunction")
    orders.live.seen_or_expect("invocation", lambda e: e["function"] == "StreamFunction")
    status, read = orders.fetch_json("HttpApi", f"/orders/{placed['id']}")
    assert (status, read["status"]) == (200, "fulfilled")


def test_node_function_answers(orders: Ready) -> None:
    status, price = orders.fetch_json("HttpApi", "/price/tea?quantity=1")
    assert status == 200
    assert price["sku"] == "tea"


def test_rest_api_any_method_answers(orders: Ready) -> None:
    status, _ = orders.fetch("AdminApi", "/admin/orders")
    assert status == 200


def test_schedule_target_runs_here_under_the_role_of_the_template(orders: Ready) -> None:
    answer, error = orders.invoke("ReportFunction", {"source": "aws.events"})
    assert error is None
    assert answer is not None


@pytest.mark.parametrize("function", ["PythonLab", "NodeLab"])
class TestEveryRuntime:
    def test_cold_then_warm(self, lab: Ready, function: str) -> None:
        first, error = lab.invoke(function, {"action": "echo", "value": 1})
        assert (first["echo"], error) == (1, None)
        again, _ = lab.invoke(function, {"action": "echo", "value": 2})
        assert (again["echo"], again["calls"]) == (2, first["calls"] + 1)
        assert lab.live.expect("invocation", where=lambda e: e["function"] == function)["cold"]

    def test_exception_has_lambdas_shape_and_keeps_the_environment(
        self, lab: Ready, function: str
    ) -> None:
        answer, error = lab.invoke(function, {"action": "fail", "message": "no tea"})
        assert error == "Unhandled"
        assert answer["errorType"] == "LabError"
        assert answer["errorMessage"] == "no tea"
        ended = lab.live.expect("invocation", where=lambda e: e["status"] == "error")
        assert ended["function"] == function

    def test_exit_is_reported_at_once_and_the_next_call_works(
        self, lab: Ready, function: str
    ) -> None:
        answer, error = lab.invoke(function, {"action": "exit", "status": 3})
        assert error == "Unhandled"
        assert answer["errorType"] == "Runtime.ExitError"
        assert "exit status 3" in answer["errorMessage"]
        assert lab.invoke(function, {"action": "echo", "value": 3})[0]["echo"] == 3

    def test_chunked_answer_is_byte_identical(self, lab: Ready, function: str) -> None:
        piece = 'ab\u2028漢字🍵\\"' * 7
        answer, error = lab.invoke(function, {"action": "repeat", "value": piece, "times": 4000})
        assert error is None
        assert answer == piece * 4000

    def test_context_is_the_functions_own(self, lab: Ready, function: str) -> None:
        answer, _ = lab.invoke(function, {"action": "context"})
        assert answer["name"] == lab.physical(function)
        assert answer["arn"].endswith(f":function:{answer['name']}")
        assert int(answer["memory"]) == 128
        assert 0 < answer["remaining"] <= 900_000
        assert re.fullmatch(r"[0-9a-f-]{36}", answer["request"])
        assert "[$LATEST]" in answer["log_stream"]

    def test_edit_shows_in_the_next_answer(self, lab: Ready, function: str) -> None:
        folder, name = ("python", "lab.py") if function == "PythonLab" else ("node", "lab.mjs")
        source = lab.live.project / "src" / folder / name
        assert lab.invoke(function, {"action": "echo"})[0]["version"] == "one"
        edit(source, '"one"', '"two"')
        assert lab.invoke(function, {"action": "echo"})[0]["version"] == "two"
        edit(source, '"two"', '"one"')
        assert lab.invoke(function, {"action": "echo"})[0]["version"] == "one"


def test_chunked_event_is_byte_identical(lab: Ready) -> None:
    text = "".join(chr(0x4E00 + n % 20000) for n in range(150_000))
    answer, error = lab.invoke("PythonLab", {"action": "digest", "value": text})
    data = text.encode()
    assert error is None
    assert answer == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def test_code_sees_the_templates_variables_and_not_the_developers(lab: Ready) -> None:
    names = ["COLOUR", "PYTHONPATH", "IS_LOCAL", "AWS_PROFILE", "SAMLIVE", "AWS_EXECUTION_ENV"]
    answer, _ = lab.invoke("PythonLab", {"action": "environment", "names": names})
    assert answer["COLOUR"] == "green"
    assert answer["PYTHONPATH"] == "/opt/nowhere"
    assert answer["IS_LOCAL"] == "true"
    assert answer["AWS_PROFILE"] is None
    assert answer["SAMLIVE"] is None
    assert answer["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.11"


def test_code_runs_as_the_functions_role(lab: Ready) -> None:
    answer, error = lab.invoke("PythonLab", {"action": "whoami"})
    assert error is None
    assert ":assumed-role/" in answer


def test_fifty_parallel_calls_over_twenty_environments_each_get_their_own_answer(
    lab: Ready,
) -> None:
    def call(number: int) -> tuple[int, str]:
        event = {"action": "sleep", "seconds": 0.5, "value": number}
        answer, error = lab.invoke("PythonLab", event)
        assert error is None, answer
        return answer["echo"], answer["environment"]

    lab.client("lambda")
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(call, range(50)))
    assert [echo for echo, _ in answers] == list(range(50))
    assert len({environment for _, environment in answers}) >= 20


def test_nothing_of_the_session_is_readable_by_others(lab: Ready, tmp_path: Path) -> None:
    state = lab.live.project / ".samlive"
    assert (state / ".gitignore").read_text().strip() == "*"
    for path in state.rglob("*"):
        if path.is_file() and path.name != ".gitignore":
            assert path.stat().st_mode & 0o077 == 0, path
