"""Java functions: what a handler may look like, errors, context, reload; by javac alone."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from relay_session import Project, Run
from samlive_relay.config import Build
from samlive_relay.events import LogLine
from samlive_relay.workers import java

pytestmark = pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK on the PATH")

COMPILE = 'javac -d "$ARTIFACTS_DIR" $(find . -name "*.java")'
CORE = Path(__file__).with_name("java_core")
"""The interfaces that a function's own copy of aws-lambda-java-core brings along."""

TEA = """
package shop;
import com.amazonaws.services.lambda.runtime.*;
import java.util.*;

public class Tea implements RequestHandler<Tea.Order, Tea.Receipt> {
    public enum Kind { GREEN, BLACK }
    public static class Line {
        private String sku; private int quantity;
        public void setSku(String sku) { this.sku = sku; }
        public void setQuantity(int quantity) { this.quantity = quantity; }
    }
    public static class Order {
        private List<Line> lines = new ArrayList<>();
        private Map<String, Double> prices; private Kind kind;
        public void setRecords(List<Line> lines) { this.lines = lines; }
        public void setPrices(Map<String, Double> prices) { this.prices = prices; }
        public void setKind(Kind kind) { this.kind = kind; }
    }
    public static class Receipt {
        private final double total; private final String[] skus; private final Kind kind;
        Receipt(double total, String[] skus, Kind kind) {
            this.total = total; this.skus = skus; this.kind = kind;
        }
        public double getTotal() { return total; }
        public String[] getSkus() { return skus; }
        public Kind getKind() { return kind; }
        public boolean isPaid() { return false; }
        public String getNote() { return null; }
    }

    @Override
    public Receipt handleRequest(Order order, Context context) {
        context.getLogger().log("pouring");
        double total = 0;
        for (Line line : order.lines) total += line.quantity * order.prices.get(line.sku);
        String[] skus = order.lines.stream().map(l -> l.sku).toArray(String[]::new);
        return new Receipt(total, skus, order.kind);
    }
}
"""
PLAIN = """
package shop;
import com.amazonaws.services.lambda.runtime.Context;
import java.util.*;

public class Plain {
    static int calls = 0;
    public Object echo(Object event) { return event; }
    public static String hello(String name) { return "WORD " + name; }
    public int count() { return ++calls; }
    public long[] sum(List<Long> all) { return new long[] {all.get(0) + all.get(1)}; }
    public void nothing(Map<String, Object> event) {}
    public Map<String, Object> about(Map<String, Object> event, Context context) {
        Map<String, Object> found = new LinkedHashMap<>();
        found.put("id", context.getAwsRequestId());
        found.put("name", context.getFunctionName());
        found.put("arn", context.getInvokedFunctionArn());
        found.put("memory", context.getMemoryLimitInMB());
        found.put("left", context.getRemainingTimeInMillis());
        found.put("pool", context.getIdentity().getIdentityPoolId());
        found.put("custom", context.getClientContext().getCustom());
        found.put("trace", System.getProperty("com.amazonaws.xray.traceHeader"));
        found.put("token", System.getenv("AWS_SESSION_TOKEN"));
        return found;
    }
    public String fail(Map<String, Object> event) {
        try {
            throw new IllegalStateException("cold");
        } catch (IllegalStateException problem) {
            throw new IllegalArgumentException("no tea", problem);
        }
    }
    public String leave(Object event) { System.exit(3); return ""; }
}
"""
STREAM = """
package shop;
import com.amazonaws.services.lambda.runtime.*;
import java.io.*;

public class Stream implements RequestStreamHandler {
    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context)
            throws IOException {
        out.write('[');
        for (int next = in.read(); next >= 0; next = in.read()) out.write(next);
        out.write(']');
    }
}
"""
BROKEN = "package shop;\npublic class Broken {\n    static { if (true) throw new RuntimeException("
BROKEN += '"not today"); }\n    public String go(Object e) { return ""; }\n}\n'


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's sources and classes, and the runner for this JDK: compiled once."""
    folder = tmp_path_factory.mktemp("shop")
    sources = {
        "Tea": TEA,
        "Plain": PLAIN.replace("WORD", "hello"),
        "Stream": STREAM,
        "Broken": BROKEN,
    }
    (folder / "src" / "shop").mkdir(parents=True)
    for name, text in sources.items():
        (folder / "src" / "shop" / f"{name}.java").write_text(text)
    shutil.copytree(CORE, folder / "src" / "core")
    program = java.program(os.environ)
    assert program is not None
    java.compiled(program, folder / "state", dict(os.environ))
    order = ["javac", "-d", str(folder / "classes"), *map(str, folder.rglob("src/**/*.java"))]
    subprocess.run(order, check=True)
    return folder


@pytest.fixture
def shop(project: Project, compiled: Path) -> Project:
    shutil.copytree(compiled / "src", project.code, dirs_exist_ok=True)
    shutil.copytree(compiled / "state", project.folder / ".samlive")
    return project


def add(project: Project, handler: str, compiled: Path) -> None:
    project.add(handler, runtime="java17", handler=handler, code=compiled / "classes")


def test_what_cannot_start_is_answered_in_lambdas_words(
    shop: Project, run: Run, compiled: Path
) -> None:
    wrong = {
        "shop.Nobody::go": ("java.lang.ClassNotFoundException", "Class not found: shop.Nobody"),
        "shop.Plain::nope": ("java.lang.NoSuchMethodException", "No public method named nope"),
        "shop.Plain": ("java.lang.Exception", "appropriate handler interface: shop.Plain"),
        "shop.Broken::go": ("java.lang.ExceptionInInitializerError", "class shop.Broken"),
    }
    for handler in wrong:
        add(shop, handler, compiled)

    async def scenario() -> None:
        async with shop.session() as session:
            for handler, (kind, text) in wrong.items():
                error = await session.stub(handler).fail({})
                assert error["errorType"] == kind
                assert text in error["errorMessage"]
            assert error["cause"]["errorMessage"] == "not today"
            assert error["cause"]["stackTrace"][0] == "shop.Broken.<clinit>(Broken.java:3)"

    run(scenario())


def test_every_form_of_handler_gets_its_event_and_answers(
    shop: Project, run: Run, compiled: Path
) -> None:
    event = {"a": [1, 2.5, None, True, 'é\u2028"\\\n'], "big": 2**40, "n": {}, "e": []}
    calls = {
        "shop.Plain::echo": (event, event),
        "shop.Plain::hello": ("Ada", "hello Ada"),
        "shop.Plain::count": ({}, 1),
        "shop.Plain::sum": ([1, 2**40], [2**40 + 1]),
        "shop.Plain::nothing": ({}, None),
        "shop.Stream": ({"x": 1}, [{"x": 1}]),
        "shop.Tea": (
            {
                "Records": [{"sku": "tea", "quantity": 2}, {"sku": "pot", "quantity": "1"}],
                "prices": {"tea": 1.25, "pot": 3},
                "kind": "GREEN",
                "unknown": {"x": 1},
            },
            {"total": 5.5, "skus": ["tea", "pot"], "kind": "GREEN", "paid": False},
        ),
    }
    for handler in calls:
        add(shop, handler, compiled)

    async def scenario() -> None:
        async with shop.session() as session:
            for handler, (given, answer) in calls.items():
                assert await session.stub(handler).ask(given) == answer
            assert session.seen(LogLine, text="pouring")
            error = await session.stub("shop.Plain::hello").fail({"not": "a string"})
            assert error["errorMessage"] == "An error occurred during JSON parsing"

    run(scenario())


def test_exceptions_exits_and_context_are_lambdas(shop: Project, run: Run, compiled: Path) -> None:
    for method in ("fail", "leave", "about", "count"):
        add(shop, f"shop.Plain::{method}", compiled)

    async def scenario() -> None:
        async with shop.session() as session:
            stub = session.stub("shop.Plain::fail")
            for _ in range(2):
                error = await stub.fail({})
                assert error["errorMessage"] == "no tea"
                assert error["errorType"] == "java.lang.IllegalArgumentException"
                (frame,) = error["stackTrace"]
                assert frame.startswith("shop.Plain.fail(Plain.java:")
                assert error["cause"]["errorType"] == "java.lang.IllegalStateException"
            assert session.seen(LogLine, text="Caused by: java.lang.IllegalStateException: cold")
            error = await session.stub("shop.Plain::leave").fail({})
            assert error["errorType"] == "Runtime.ExitError"
            assert "exit status 3" in error["errorMessage"]
            about = await session.stub(
                "shop.Plain::about", AWS_SESSION_TOKEN="role", AWS_LAMBDA_FUNCTION_NAME="tea"
            ).ask(
                {},
                **{
                    "invoked-function-arn": "arn:tea",
                    "client-context": '{"custom": {"a": "b"}}',
                    "cognito-identity": '{"identity_id": "i", "identity_pool_id": "p"}',
                    "trace-id": "Root=1",
                },
            )
            assert (about["name"], about["arn"], about["memory"]) == ("tea", "arn:tea", 128)
            assert 0 < about["left"] <= 900_000
            assert (about["pool"], about["custom"], about["trace"]) == ("p", {"a": "b"}, "Root=1")
            assert about["token"] == "role"
            counting = session.stub("shop.Plain::count")
            assert [await counting.ask({}) for _ in range(2)] == [1, 2]

    run(scenario())


def test_a_save_compiles_and_a_compilers_error_has_file_and_line(
    shop: Project, run: Run, compiled: Path
) -> None:
    path = shop.code / "shop" / "Plain.java"
    build = Build(command=COMPILE)
    shop.add("Hello", runtime="java17", handler="shop.Plain::hello", build=build)

    async def scenario() -> None:
        async with shop.session() as session:
            stub = session.stub("Hello")
            assert await stub.ask("Ada") == "hello Ada"
            path.write_text(PLAIN.replace("WORD", "good day"))
            assert await stub.ask("Ada") == "good day Ada"
            path.write_text(PLAIN.replace("static int calls = 0;", "static int calls = 0"))
            error = await stub.fail("Ada")
            assert error["errorType"] == "Runtime.UserCodeSyntaxError"
            assert "shop/Plain.java:7: error: ';' expected" in error["errorMessage"]
            path.write_text(PLAIN.replace("WORD", "bye"))
            assert await stub.ask("Ada") == "bye Ada"

    run(scenario())


def test_the_heap_is_what_the_templates_memory_leaves(
    project: Project, run: Run, tmp_path: Path
) -> None:
    function = project.add(runtime="java21", memory=512, layers=(tmp_path,), debug_port=1)

    async def scenario() -> None:
        command = await java.command(function, project.folder, os.environ, 2005)
        assert "-Xmx435m" in command
        assert any("address=127.0.0.1:2005" in word for word in command)
        assert str(tmp_path / "java" / "lib" / "*") in command[command.index("-cp") + 1]

    run(scenario())


def test_awss_own_client_runs_it_when_the_jars_are_there(tmp_path: Path, project: Project) -> None:
    function = project.add(runtime="java21")
    assert java.interface_client(function, tmp_path) is None
    names = {
        "aws-lambda-java-runtime-interface-client": ("2.9.1", "2.10.0"),
        "aws-lambda-java-serialization": ("1.1.5",),
        "aws-lambda-java-core": ("1.2.3",),
    }
    for name, versions in names.items():
        assert java.interface_client(function, tmp_path) is None
        for version in versions:
            folder = tmp_path / ".m2/repository/com/amazonaws" / name / version
            folder.mkdir(parents=True)
            (folder / f"{name}-{version}.jar").touch()
            (folder / f"{name}-{version}-sources.jar").touch()
    found = java.interface_client(function, tmp_path)
    assert found is not None
    assert [path.name for path in found] == [
        "aws-lambda-java-runtime-interface-client-2.10.0.jar",
        "aws-lambda-java-core-1.2.3.jar",
        "aws-lambda-java-serialization-1.1.5.jar",
    ]
    own = project.code / "lib" / "com.amazonaws.aws-lambda-java-core-1.4.0.jar"
    own.parent.mkdir()
    own.touch()
    again = java.interface_client(function, tmp_path)
    assert again is not None and len(again) == 2, "the function's own copy is used"
