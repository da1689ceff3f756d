"""Node.js functions through the whole relay."""

import json
import shutil

import pytest

from relay_session import Project, Run
from samlive_relay.events import InvocationEnded, LogLine
from samlive_stub.requester import Answer

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="no node on the PATH")

UNMENDED = {
    "unknown package": (
        'import "nowhere";\nexport const handler = async () => 1;\n',
        "Error",
        "Cannot find package 'nowhere'",
    ),
    "syntax error": (
        "export const handler = async () => { return 1\n",
        "Runtime.UserCodeSyntaxError",
        "SyntaxError: ",
    ),
    "unknown handler": (
        "export const other = async () => 1;\n",
        "Runtime.HandlerNotFound",
        "app.handler is undefined or not exported",
    ),
    "no function": (
        "export const handler = 1;\n",
        "Runtime.HandlerNotFound",
        "app.handler is not a function",
    ),
    "raises while imported": ("throw new RangeError('DB_HOST');\n", "RangeError", "DB_HOST"),
}


@pytest.mark.parametrize("case", UNMENDED)
def test_what_cannot_be_imported_is_answered_as_lambda_does(
    project: Project, run: Run, case: str
) -> None:
    text, kind, message = UNMENDED[case]
    project.write("app.mjs", text)
    project.add(runtime="nodejs20.x")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            error = await stub.fail({})
            assert error["errorType"] == kind
            assert message in error["errorMessage"]
            assert isinstance(error["trace"], list)
            if case == "syntax error":
                assert "app.mjs:" in "\n".join(error["trace"])
            project.write("app.mjs", "export const handler = async () => 'mended';\n")
            assert await stub.ask({}) == "mended"

    run(scenario())


def test_a_missing_module_of_the_handler_is_named(project: Project, run: Run) -> None:
    project.add(runtime="nodejs20.x", handler="lost.handler")

    async def scenario() -> None:
        async with project.session() as session:
            error = await session.stub().fail({})
            assert error["errorType"] == "Runtime.ImportModuleError"
            assert error["errorMessage"].startswith("Error: Cannot find module 'lost'")

    run(scenario())


HANDLER_ERRORS = {
    "throws": ("throw new TypeError('no stock');", "TypeError", "no stock"),
    "rejects": ("return Promise.reject(new TypeError('no stock'));", "TypeError", "no stock"),
    "throws text": ("throw 'no stock';", "string", "no stock"),
    "not serialisable": ("return { n: 1n };", "Error", "Unable to stringify response body"),
    "unhandled": (
        "Promise.reject(new Error('lost')); await new Promise(() => setTimeout(() => {}, 9e6));",
        "Runtime.UnhandledPromiseRejection",
        "Error: lost",
    ),
}


@pytest.mark.parametrize("case", HANDLER_ERRORS)
def test_a_failing_handler_is_answered_as_lambda_does(
    project: Project, run: Run, case: str
) -> None:
    line, kind, message = HANDLER_ERRORS[case]
    project.write("app.mjs", f"export const handler = async () => {{\n  {line}\n}};\n")
    project.add(runtime="nodejs20.x")

    async def scenario() -> None:
        async with project.session() as session:
            error = await session.stub().fail({})
            assert (error["errorType"], error["errorMessage"]) == (kind, message)
            if case == "throws":
                assert error["trace"][0] == "TypeError: no stock"
                assert "app.mjs:2:" in error["trace"][1]
            request = session.seen(InvocationEnded)[0].request_id
            assert any(message in line.text for line in session.seen(LogLine, request_id=request))

    run(scenario())


def test_a_process_that_ends_or_hangs_is_answered(project: Project, run: Run) -> None:
    project.write(
        "app.mjs",
        "export const handler = async (event) => {\n  if (event.exit) process.exit(event.exit);\n"
        "  if (event.hang) for (;;);\n  return process.pid;\n};\n",
    )
    project.add(runtime="nodejs20.x")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            first = await stub.ask({})
            error = await stub.fail({"exit": 7})
            assert error["errorType"] == "Runtime.ExitError"
            assert error["errorMessage"].endswith("Runtime exited with error: exit status 7")
            assert await stub.ask({}) != first
            error = await stub.fail({"hang": True}, seconds=1)
            assert error["errorType"] == "Sandbox.Timedout"
            assert error["errorMessage"].endswith("Task timed out after 1.00 seconds")

    run(scenario())


@pytest.mark.parametrize("runtime", ["nodejs20.x", "nodejs24.x"])
def test_an_error_between_two_calls_ends_the_process(
    project: Project, run: Run, runtime: str
) -> None:
    told = project.folder / "told"
    project.write(
        "app.mjs",
        "import fs from 'node:fs';\n"
        "setInterval(() => {\n"
        f"  if (fs.existsSync('{told}')) throw new Error('too late');\n"
        "}, 5);\n"
        "export const handler = async () => process.pid;\n",
    )
    project.add(runtime=runtime)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            first = await stub.ask({})
            told.touch()
            await session.until(lambda: not session.relay.pool.pids)
            assert any("too late" in line.text for line in session.seen(LogLine))
            told.unlink()
            assert await stub.ask({}) != first

    run(scenario())


FORMS = {
    "es module": ("app.mjs", "export const handler = async (event) => ({ got: event.n + 1 });"),
    "commonjs": ("app.js", "exports.handler = async (event) => ({ got: event.n + 1 });"),
    "callback": ("app.cjs", "exports.handler = (e, c, cb) => { cb(null, { got: e.n + 1 }); };"),
    "done": ("app.js", "exports.handler = (e, c) => { c.succeed({ got: e.n + 1 }); };"),
    "await at top": (
        "app.mjs",
        "const one = await Promise.resolve(1);\n"
        "export const handler = async (event) => ({ got: event.n + one });",
    ),
    "late callback": (
        "app.js",
        "exports.handler = (e, c, cb) => { setTimeout(() => cb(null, { got: e.n + 1 }), 10); };",
    ),
    "streaming": (
        "app.mjs",
        "export const handler = awslambda.streamifyResponse(async (event, stream) => {\n"
        "  stream.write('{\"got\":'); stream.write(`${event.n + 1}}`); stream.end();\n});",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_handlers_of_every_form_answer(project: Project, run: Run, form: str) -> None:
    name, text = FORMS[form]
    project.write(name, text)
    project.add(runtime="nodejs20.x")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({"n": 1}) == {"got": 2}
            assert await stub.ask({"n": 2}) == {"got": 3}

    run(scenario())


def test_a_package_that_says_module_is_one_and_folders_work(project: Project, run: Run) -> None:
    project.write("package.json", '{"type": "module"}')
    project.write("src/lib/index.js", "export const orders = { handler: async () => 'nested' };")
    project.add(runtime="nodejs20.x", handler="src/lib/index.orders.handler")

    async def scenario() -> None:
        async with project.session() as session:
            assert await session.stub().ask({}) == "nested"

    run(scenario())


def test_the_context_and_the_environment_are_the_functions(project: Project, run: Run) -> None:
    project.write(
        "app.mjs",
        """
export const handler = async (event, context) => ({
  id: context.awsRequestId, name: context.functionName, memory: context.memoryLimitInMB,
  arn: context.invokedFunctionArn, left: context.getRemainingTimeInMillis(),
  identity: context.identity, custom: context.clientContext?.custom, tenant: context.tenantId,
  trace: process.env._X_AMZN_TRACE_ID, local: process.env.IS_LOCAL,
  secret: process.env.AWS_SECRET_ACCESS_KEY, argv: process.argv, cwd: process.cwd(),
});
""",
    )
    project.add(runtime="nodejs20.x", memory=256)

    async def scenario() -> None:
        async with project.session() as session:
            got = await session.stub().ask(
                {},
                seconds=30,
                trace_id="Root=1-2",
                aws_tenant_id="acme",
                cognito_identity='{"cognitoIdentityId": "me"}',
                client_context='{"custom": {"a": 1}}',
            )
            assert 0 < got.pop("left") <= 30_000
            assert "role-secret" not in " ".join(got.pop("argv"))
            assert got == {
                "id": session.seen(InvocationEnded)[0].request_id,
                "name": "app-Function",
                "memory": "256",
                "arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
                "identity": {"cognitoIdentityId": "me"},
                "custom": {"a": 1},
                "tenant": "acme",
                "trace": "Root=1-2",
                "local": "true",
                "secret": "role-secret",
                "cwd": str(project.code),
            }

    run(scenario())


def test_output_is_told_line_by_line_with_its_request(project: Project, run: Run) -> None:
    project.write(
        "app.mjs",
        "export const handler = async (event) => {\n"
        "  console.log('out', event.n); console.error('two\\nlines');\n"
        "  process.stdout.write('plain');\n};\n",
    )
    project.add(runtime="nodejs20.x")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            for number in (1, 2):
                await stub.ask({"n": number})
            second = session.seen(InvocationEnded)[1].request_id
            lines = [event.text for event in session.seen(LogLine, request_id=second)]
            assert lines[0].split("\t")[1:] == [second, "INFO", "out 2"]
            assert lines[1].split("\t")[1:] == [second, "ERROR", "two"]
            assert lines[2] == "lines"

    run(scenario())


def test_large_and_odd_payloads_pass_byte_for_byte(project: Project, run: Run) -> None:
    project.write("app.mjs", "export const handler = async (event) => event;")
    project.add(runtime="nodejs20.x")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            for text in ("x" * 300_000, "日本 \u2028 🎉 " * 5_000, json.dumps({"a": "b"})):
                outcome = await stub.invoke({"text": text})
                assert isinstance(outcome, Answer)
                assert json.loads(outcome.body) == {"text": text}

    run(scenario())
