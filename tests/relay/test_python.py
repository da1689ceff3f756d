"""Python functions through the whole relay: protocol, pool, real processes."""

import asyncio
import json
import os
import sys
import time

import pytest

from relay_session import Project, Run
from samlive_relay.events import InvocationEnded, InvocationStarted, LogLine, Warned
from samlive_stub.requester import Answer


@pytest.fixture(params=["spawn", "zygote"])
def project(request: pytest.FixtureRequest, project: Project) -> Project:
    """The same tests over a spawned process and over a fork of a zygote."""
    project.start = request.param
    return project


UNMENDED = {
    "unknown module": (
        "import nowhere\n",
        "Runtime.ImportModuleError",
        "Unable to import module 'app': No module named 'nowhere'",
    ),
    "syntax error": (
        "def handler(event, context)\n    return 1\n",
        "Runtime.UserCodeSyntaxError",
        "Syntax error in module 'app': expected ':' (app.py, line 1)",
    ),
    "unknown handler": (
        "def other(event, context):\n    return 1\n",
        "Runtime.HandlerNotFound",
        "Handler 'handler' missing on module 'app'",
    ),
    "raises while imported": ("raise KeyError('DB_HOST')\n", "KeyError", "'DB_HOST'"),
}


@pytest.mark.parametrize("case", UNMENDED)
def test_what_cannot_be_imported_is_answered_as_lambda_does(
    project: Project, run: Run, case: str
) -> None:
    text, kind, message = UNMENDED[case]
    project.write("app.py", text)
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            error = await stub.fail({})
            ended = session.seen(InvocationEnded)[0]
            assert error["errorType"] == kind
            assert error["errorMessage"] == message
            assert error["requestId"] == ended.request_id
            assert isinstance(error["stackTrace"], list)
            assert (ended.error_type, ended.error_message) == (kind, message)
            project.write("app.py", "def handler(event, context):\n    return 'mended'\n")
            assert await stub.ask({}) == "mended"

    run(scenario())


def test_a_syntax_error_names_file_and_line(project: Project, run: Run) -> None:
    project.write("app.py", "from broken import x\n")
    broken = project.write("broken.py", "x = 1\ny = (\n")
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            error = await session.stub().fail({})
            assert f'File "{broken}" Line 2' in error["stackTrace"][0]

    run(scenario())


HANDLER_ERRORS = {
    "raises": ("raise ValueError('no stock')", "ValueError", "no stock"),
    "not serialisable": (
        "return {'a': object()}",
        "Runtime.MarshalError",
        "Unable to marshal response: Object of type object is not JSON serializable",
    ),
}


@pytest.mark.parametrize("case", HANDLER_ERRORS)
def test_a_failing_handler_is_answered_as_lambda_does(
    project: Project, run: Run, case: str
) -> None:
    line, kind, message = HANDLER_ERRORS[case]
    app = project.write("app.py", f"def handler(event, context):\n    {line}\n")
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            for _ in range(2):
                error = await stub.fail({})
                assert (error["errorType"], error["errorMessage"]) == (kind, message)
                if case == "raises":
                    frame = f'  File "{app}", line 2, in handler\n    {line}\n'
                    assert error["stackTrace"] == [frame]
            assert [event.cold for event in session.seen(InvocationStarted)] == [True, False]
            assert any(kind in event.text for event in session.seen(LogLine))

    run(scenario())


def test_an_event_that_is_not_json_is_refused_by_the_runtime(project: Project, run: Run) -> None:
    project.write("app.py", "def handler(event, context):\n    return 1\n")
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            error = await session.stub().fail(b"{")
            assert error["errorType"] == "Runtime.UnmarshalError"

    run(scenario())


EXITS = {
    "sys.exit(3)": "Runtime exited with error: exit status 3",
    "os._exit(0)": "Runtime exited without providing a reason",
    "os.kill(os.getpid(), 11)": "Runtime exited with error: signal: segmentation fault",
}


@pytest.mark.parametrize("line", EXITS)
def test_a_process_that_ends_is_answered_at_once(project: Project, run: Run, line: str) -> None:
    project.write(
        "app.py",
        f"import os, sys\ndef handler(event, context):\n"
        f"    if event.get('end'): {line}\n    return os.getpid()\n",
    )
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            first = await stub.ask({})
            error = await stub.fail({"end": True})
            request = session.seen(InvocationEnded)[-1].request_id
            assert error == {
                "errorType": "Runtime.ExitError",
                "errorMessage": f"RequestId: {request} Error: {EXITS[line]}",
            }
            assert await stub.ask({}) != first

    run(scenario())


def test_the_deadline_ends_the_process_and_is_answered(project: Project, run: Run) -> None:
    project.write(
        "app.py",
        "import time\ndef handler(event, context):\n"
        "    print('before', flush=True)\n    time.sleep(event['seconds'])\n    return 1\n",
    )
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({"seconds": 0}) == 1
            pid = session.relay.pool.pids[0]
            error = await stub.fail({"seconds": 60}, seconds=2)
            request = session.seen(InvocationEnded)[-1].request_id
            assert error == {
                "errorType": "Sandbox.Timedout",
                "errorMessage": f"RequestId: {request} Error: Task timed out after 2.00 seconds",
            }
            assert session.seen(LogLine, request_id=request, text="before")
            assert await stub.ask({"seconds": 0}) == 1
            assert session.relay.pool.pids != [pid]

    run(scenario())


def test_more_than_the_declared_timeout_is_told(project: Project, run: Run) -> None:
    project.write(
        "app.py", "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 1\n"
    )
    project.add(timeout=1)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            await stub.ask(0)
            await stub.ask(1.1)
            assert [event.over_timeout for event in session.seen(InvocationEnded)] == [False, True]

    run(scenario())


FORMS = {
    "app.handler": "app.py",
    "package.inner.app.handler": "package/inner/app.py",
    "package/inner/app.handler": "package/inner/app.py",
    "package/inner.app.handler": "package/inner/app.py",
}


@pytest.mark.parametrize("form", FORMS)
def test_handler_strings_of_every_form(project: Project, run: Run, form: str) -> None:
    project.write(FORMS[form], "def handler(event, context):\n    return __name__\n")
    project.add(handler=form)

    async def scenario() -> None:
        async with project.session() as session:
            expected = form.removesuffix(".handler").replace("/", ".")
            assert await session.stub().ask({}) == expected

    run(scenario())


def test_modules_named_like_the_runners_are_the_users(project: Project, run: Run) -> None:
    names = ["run_handler", "channel", "context", "faults", "fresh", "handler", "logs", "serve"]
    for name in names:
        project.write(f"{name}.py", f"mine = {name!r}\n")
    project.write(
        "app.py",
        "import sys\n"
        + "".join(f"import {name} as m_{name}\n" for name in names)
        + f"def handler(event, context):\n    return [{', '.join(f'm_{n}.mine' for n in names)}]\n",
    )
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            assert await session.stub().ask({}) == names

    run(scenario())


def test_the_context_has_every_field(project: Project, run: Run) -> None:
    project.write(
        "app.py",
        """
import os
def handler(event, context):
    return {
        "id": context.aws_request_id, "name": context.function_name,
        "version": context.function_version, "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb, "group": context.log_group_name,
        "stream": context.log_stream_name, "left": context.get_remaining_time_in_millis(),
        "tenant": context.tenant_id, "identity": context.identity.cognito_identity_id,
        "custom": context.client_context.custom, "app": context.client_context.client.app_title,
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
    }
""",
    )
    project.add(memory=256)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub(
                AWS_LAMBDA_FUNCTION_VERSION="7",
                AWS_LAMBDA_FUNCTION_MEMORY_SIZE="512",
                AWS_LAMBDA_LOG_GROUP_NAME="/aws/lambda/f",
            )
            got = await stub.ask(
                {},
                seconds=30,
                tenant_id="acme",
                trace_id="Root=1-2",
                cognito_identity='{"cognitoIdentityId": "me"}',
                client_context='{"custom": {"a": 1}, "client": {"app_title": "shop"}}',
            )
            assert 0 < got.pop("left") <= 30_000
            assert got == {
                "id": session.seen(InvocationEnded)[0].request_id,
                "name": "app-Function",
                "version": "7",
                "arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
                "memory": "256",
                "group": "/aws/lambda/f",
                "stream": "2026/11/25/[$LATEST]abc",
                "tenant": "acme",
                "identity": "me",
                "custom": {"a": 1},
                "app": "shop",
                "trace": "Root=1-2",
            }
            plain = await stub.fail({})
            assert plain["errorMessage"] == "'NoneType' object has no attribute 'custom'"

    run(scenario())


def test_a_remote_clock_that_is_wrong_does_not_move_the_deadline(
    project: Project, run: Run
) -> None:
    project.write(
        "app.py",
        "def handler(event, context):\n    return context.get_remaining_time_in_millis()\n",
    )
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            wrong = int(time.time() * 1000) - 3_600_000
            left = await session.stub().ask({}, now_ms=str(wrong), deadline_ms=str(wrong + 20_000))
            assert 0 < left <= 20_000

    run(scenario())


def test_the_environment_is_the_functions(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "developer")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "developers-own")
    monkeypatch.setenv("SOME_TOKEN", "developers-own")
    project.write(
        "app.py",
        "import os, sys\ndef handler(event, context):\n"
        "    return {'env': dict(os.environ), 'argv': sys.argv, 'cwd': os.getcwd()}\n",
    )
    project.add(memory=1024)

    async def scenario() -> None:
        async with project.session() as session:
            got = await session.stub(TABLE="orders", PATH="/remote").ask({})
            variables = got["env"]
            assert "developers-own" not in json.dumps(got)
            assert "AWS_PROFILE" not in variables
            assert variables["TABLE"] == "orders"
            assert variables["AWS_SECRET_ACCESS_KEY"] == "role-secret"
            assert variables["IS_LOCAL"] == "true"
            assert variables["_HANDLER"] == "app.handler"
            assert variables["LAMBDA_TASK_ROOT"] == str(project.code)
            assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.11"
            assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "1024"
            assert variables["PATH"].startswith(os.environ["PATH"])
            assert got["cwd"] == str(project.code)
            assert "role-secret" not in " ".join(got["argv"])

    run(scenario())


def test_output_is_told_line_by_line_with_its_request(project: Project, run: Run) -> None:
    project.write(
        "app.py",
        """
import logging, os, sys
print("imported")
logging.getLogger().setLevel(logging.INFO)
def handler(event, context):
    print("out", event["n"])
    sys.stderr.write("no end")
    logging.info("logged")
    os.system("echo from a child")
""",
    )
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            for number in (1, 2):
                await stub.ask({"n": number})
            first, second = (event.request_id for event in session.seen(InvocationEnded))
            lines = [(e.request_id, e.stream, e.text) for e in session.seen(LogLine)]
            assert (first, "stdout", "imported") in lines
            assert (second, "stdout", "out 2") in lines
            assert (second, "stdout", "from a child") in lines
            (logged,) = [e for e in session.seen(LogLine, request_id=second) if "logged" in e.text]
            assert logged.text.startswith("[INFO]\t")
            assert logged.text.endswith(f"Z\t{second}\tlogged")
            kinds = [type(event) for event in session.events if not isinstance(event, Warned)]
            assert kinds[-1] is InvocationEnded, "lines come before the end of their request"

    run(scenario())


ANSWERS = {
    "decimal": ("__import__('decimal').Decimal('1.10')", b"1.10"),
    "big decimal": ("__import__('decimal').Decimal('12345678901234567890.5')", None),
    "bytes": ("{'a': b'text'}", b'{"a": "text"}'),
    "raw bytes": ("b'raw'", b"raw"),
    "nothing": ("None", b"null"),
    "not ascii": ("'\\u00e9'", b'"\\u00e9"'),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_answers_are_written_as_lambda_writes_them(project: Project, run: Run, case: str) -> None:
    text, expected = ANSWERS[case]
    project.write("app.py", f"def handler(event, context):\n    return {text}\n")
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            outcome = await session.stub().invoke({})
            assert isinstance(outcome, Answer)
            assert outcome.body == (expected or b"12345678901234567890.5")

    run(scenario())


def test_large_payloads_pass_byte_for_byte(project: Project, run: Run) -> None:
    project.write("app.py", "def handler(event, context):\n    return event\n")
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            for text in ("x" * 200_000, "日本 \u2028 🎉 " * 20_000, json.dumps({"a": "b" * 9999})):
                assert await stub.ask({"text": text}) == {"text": text}

    run(scenario())


def test_layers_are_importable_and_after_the_functions_own_code(project: Project, run: Run) -> None:
    layer = project.folder / "layer"
    (layer / "python" / "shared").mkdir(parents=True)
    (layer / "python" / "shared" / "__init__.py").write_text("who = 'layer'\n")
    (layer / "python" / "both.py").write_text("who = 'layer'\n")
    project.write("both.py", "who = 'code'\n")
    project.write(
        "app.py",
        "import shared, both\ndef handler(event, context):\n    return [shared.who, both.who]\n",
    )
    project.add(layers=(layer,))

    async def scenario() -> None:
        async with project.session() as session:
            assert await session.stub().ask({}) == ["layer", "code"]

    run(scenario())


def test_another_python_than_the_runtimes_is_told_once(project: Project, run: Run) -> None:
    project.write("app.py", "def handler(event, context):\n    return 1\n")
    project.add(runtime="python3.13")

    async def scenario() -> None:
        async with project.session() as session:
            for _ in range(2):
                await session.stub().ask({})
            (warned,) = session.seen(Warned)
            assert warned.function == "Function"
            assert f"Python {sys.version_info.major}.{sys.version_info.minor}" in warned.text

    run(scenario())


def test_fifty_at_once_over_25_environments_each_get_their_own_answer(
    project: Project, run: Run
) -> None:
    project.write(
        "app.py",
        "import os, time\ncount = 0\ndef handler(event, context):\n"
        "    global count\n    count += 1\n    time.sleep(0.02)\n"
        "    return [event, os.getpid(), count]\n",
    )
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stubs = [session.stub() for _ in range(25)]

            async def two(number: int) -> list[list[int]]:
                stub = stubs[number]
                return [await stub.ask(number), await stub.ask(number + 100)]

            answers = await asyncio.gather(*(two(number) for number in range(25)))
            for number, (first, second) in enumerate(answers):
                assert [first[0], second[0]] == [number, number + 100]
                assert first[1] == second[1], "one process per environment"
                assert [first[2], second[2]] == [1, 2], "warm globals"
            assert len({first[1] for first, _ in answers}) == 25

    run(scenario())
