"""Node.js processes that stand ready: quick, and never to be told from a fresh start."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from process_tree import is_running
from relay_broker import Stub
from relay_session import Project, Run, Session
from samlive_relay.events import LogLine
from samlive_relay.workers import demand, spares

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="no node on the PATH")


PATCHED = "globalThis.patched ?? false"
SLOW = "for (const end = Date.now() + 300; Date.now() < end; );\n"
READS_FILE = "exports.word = require('fs').readFileSync('settings.txt', 'utf8');\n"


@dataclass
class App:
    """A function that imports a package of the tests' own."""

    project: Project
    form: str = "module"

    def __post_init__(self) -> None:
        self.package("exports.word = 'hello';")
        self.project.write("package.json", f'{{"type": "{self.form}"}}')
        self.project.add(runtime="nodejs20.x")

    def package(self, text: str, name: str = "lib") -> Path:
        self.project.write(f"node_modules/{name}/package.json", f'{{"name": "{name}"}}')
        return self.project.write(f"node_modules/{name}/index.js", text)

    def save(self, text: str, answer: str = "lib.word", first: str | None = None) -> None:
        """Write code that answers with a text and something of the package.

        Args:
            text: What it answers.
            answer: What else, as an expression.
            first: What stands in place of the package's import.
        """
        load, export = "const lib = require('lib');", "exports.handler"
        if self.form == "module":
            load, export = "import lib from 'lib';", "export const handler"
        first = load if first is None else first
        body = f"async () => ['{text}', {answer}, process.pid]"
        self.project.write("app.js", f"{first}\n{export} = {body};\n")

    @asynccontextmanager
    async def served(
        self, *, answer: str = "lib.word", **variables: str
    ) -> AsyncIterator["Served"]:
        """Serve it; one call has been answered, and told what to load ahead."""
        self.save("one", answer)
        async with self.project.session() as session:
            served = Served(session, session.stub(**variables))
            served.first, _ = await served.ask()
            yield served


@dataclass
class Served:
    """A session that serves the function, and one of its environments."""

    session: Session
    stub: Stub
    first: tuple[object, ...] = ()
    """What the first call was answered with."""

    async def ask(self, **variables: str) -> tuple[tuple[object, ...], object]:
        """Return what the function answers, and the id of its process.

        Args:
            variables: Ask in a new environment that has these.
        """
        stub = self.session.stub(**variables) if variables else self.stub
        *answer, pid = await stub.ask({})
        return tuple(answer), pid

    async def ready(self, count: int = 1) -> list[int]:
        """Wait until at least so many stand ready; return their ids, that of the next one first."""
        found = self.session.relay.spares

        def settled() -> bool:
            standing = found.standing
            return len(standing) >= count and all(spare.is_ready for spare in standing)

        await self.session.until(settled)
        return [spare.process.pid for spare in found.standing if spare.process]


@pytest.fixture
def app(project: Project) -> App:
    return App(project)


@pytest.fixture(params=["commonjs", "module"])
def either(project: Project, request: pytest.FixtureRequest) -> App:
    """The function as CommonJS, and as an ES module."""
    return App(project, request.param)


def test_a_package_that_is_another_one_now_is_loaded_anew(app: App, run: Run) -> None:
    async def scenario() -> None:
        async with app.served() as served:
            pid, *_ = await served.ready()
            app.package("exports.word = 'howdy';")
            app.save("two")
            answer, other = await served.ask()
            assert answer == ("two", "howdy")
            assert other != pid

    run(scenario())


def test_a_package_that_reads_the_users_files_is_not_loaded_ahead(either: App, run: Run) -> None:
    settings = either.project.write("settings.txt", "red")
    either.package(READS_FILE)

    async def scenario() -> None:
        async with either.served() as served:
            assert served.first == ("one", "red")
            await served.ready()
            settings.write_text("blue")
            either.save("two")
            assert (await served.ask())[0] == ("two", "blue")

    run(scenario())


def test_a_process_that_is_still_loading_is_judged_before_it_is_used(app: App, run: Run) -> None:
    settings = app.project.write("settings.txt", "red")
    app.package(READS_FILE + "require('fs').writeFileSync(`../read-${process.pid}`, '');\n" + SLOW)

    async def scenario() -> None:
        async with app.served() as served:
            read = app.project.folder.glob
            await served.session.until(lambda: len(list(read("read-*"))) == 2)
            settings.write_text("blue")
            app.save("two")
            assert (await served.ask())[0] == ("two", "blue")

    run(scenario())


def test_a_package_that_read_what_the_user_sets_before_it_is_loaded_after_it(
    project: Project, run: Run
) -> None:
    app = App(project, "commonjs")
    app.package("exports.word = process.env.MODE;")

    async def scenario() -> None:
        async with app.served() as served:
            assert served.first == ("one", None)
            for text in ("two", "six"):
                await served.ready()
                app.save(text, first=f"process.env.MODE = '{text}'; const lib = require('lib');")
                assert (await served.ask())[0] == (text, text)

    run(scenario())


def test_a_package_that_has_read_credentials_never_keeps_old_ones(app: App, run: Run) -> None:
    app.package("exports.word = process.env.AWS_ACCESS_KEY_ID;")

    async def scenario() -> None:
        async with app.served(AWS_ACCESS_KEY_ID="OLD") as served:
            assert served.first == ("one", "OLD")
            await served.ready()
            assert (await served.ask(AWS_ACCESS_KEY_ID="NEW"))[0] == ("one", "NEW")

    run(scenario())


def test_a_package_that_is_imported_no_longer_has_no_effect(either: App, run: Run) -> None:
    either.package("globalThis.patched = true;")

    async def scenario() -> None:
        async with either.served(answer=PATCHED) as served:
            assert served.first == ("one", True)
            await served.ready()
            either.save("two", PATCHED, first="")
            assert (await served.ask())[0] == ("two", False)
            pid, *_ = await served.ready()
            either.save("six", PATCHED, first="")
            assert await served.ask() == (("six", False), pid)

    run(scenario())


def test_nothing_is_left_of_what_a_process_does_while_it_waits(either: App, run: Run) -> None:
    seen = (
        "[Object.keys(globalThis).length, Object.keys(process.env).sort().join(), "
        "Object.keys(Object(globalThis.require?.cache)).length, process.execArgv.join(), "
        "process.listenerCount('beforeExit')]"
    )

    async def scenario() -> None:
        async with either.served(answer=seen) as served:
            pid, *_ = await served.ready()
            either.save("two", seen)
            assert await served.ask() == (("two", served.first[1]), pid)

    run(scenario())


def test_variables_that_differ_from_the_start_need_a_fresh_process(app: App, run: Run) -> None:
    async def scenario() -> None:
        async with app.served(answer="process.env.TZ", TZ="UTC") as served:
            assert served.first == ("one", "UTC")
            pid, *_ = await served.ready()
            answer, other = await served.ask(TZ="Asia/Tokyo")
            assert answer == ("one", "Asia/Tokyo")
            assert other != pid

    run(scenario())


def test_options_that_load_the_users_files_leave_no_process_ready(app: App, run: Run) -> None:
    setup = app.project.write("setup.cjs", "globalThis.patched = 'one';")
    options = {"SAMLIVE_ENV_NODE_OPTIONS": f"--require {setup}"}

    async def scenario() -> None:
        async with app.served(answer=PATCHED, **options) as served:
            assert served.first == ("one", "one")
            await asyncio.sleep(2 * spares.PAUSE_SECONDS)
            assert served.session.relay.spares.pids == []
            setup.write_text("globalThis.patched = 'two';")
            app.save("two", PATCHED)
            assert (await served.ask())[0] == ("two", "two")

    run(scenario())


def test_broken_code_is_answered_at_once_and_mended_by_the_next_save(app: App, run: Run) -> None:
    async def scenario() -> None:
        async with app.served() as served:
            await served.ready()
            (app.project.code / "app.js").write_text("\nfunction broken( {\n")
            error = await served.stub.fail({})
            assert error["errorType"] == "Runtime.UserCodeSyntaxError"
            assert "app.js:" in "\n".join(error["trace"])
            app.save("two")
            assert (await served.ask())[0] == ("two", "hello")

    run(scenario())


def test_a_process_that_was_killed_is_replaced_by_a_fresh_one(app: App, run: Run) -> None:
    async def scenario() -> None:
        async with app.served() as served:
            pid, *_ = await served.ready()
            os.kill(pid, 9)
            app.save("two")
            assert (await served.ask())[0] == ("two", "hello")

    run(scenario())


def test_code_that_asks_for_other_packages_each_time_gets_no_more_spares(
    app: App, run: Run
) -> None:
    for number in range(spares.MAX_ROUNDS):
        app.package(f"exports.word = {number};", f"lib{number}")

    async def scenario() -> None:
        async with app.served() as served:
            for number in range(spares.MAX_ROUNDS):
                await served.ready()
                app.save("one", first=f"import lib from 'lib{number}';")
                assert (await served.ask())[0] == ("one", number)
            await asyncio.sleep(2 * spares.PAUSE_SECONDS)
            assert served.session.relay.spares.pids == []

    run(scenario())


def test_a_save_is_answered_by_the_process_that_stood_ready(either: App, run: Run) -> None:
    async def scenario() -> None:
        async with either.served() as served:
            assert served.first == ("one", "hello")
            for text in ("two", "six", "ten"):
                pid, *_ = await served.ready()
                either.save(text)
                assert await served.ask() == ((text, "hello"), pid)

    run(scenario())


def test_each_environment_in_use_is_answered_by_a_process_that_stood_ready(
    app: App, run: Run
) -> None:
    async def scenario() -> None:
        async with app.served(AWS_LAMBDA_LOG_STREAM_NAME="a") as served:
            stubs = [served.session.stub(AWS_LAMBDA_LOG_STREAM_NAME=name) for name in "bc"]
            every = [served, *(Served(served.session, stub) for stub in stubs)]
            for text in ("one", "two"):
                app.save(text)
                await asyncio.gather(*(each.ask() for each in every))
            pids = await served.ready(3)
            app.save("six")
            answers = await asyncio.gather(*(each.ask() for each in every))
            assert {answer for answer, _ in answers} == {("six", "hello")}
            assert {pid for _, pid in answers} <= set(pids)

    run(scenario())


def test_what_packages_write_is_told_where_the_process_starts(app: App, run: Run) -> None:
    app.package("console.log('loading lib'); exports.word = 1;")

    async def scenario() -> None:
        async with app.served() as served:
            await served.ready()
            before = served.session.seen(LogLine)
            assert [line for line in before if "loading lib" in line.text]
            app.save("two")
            await served.ask()
            lines = [line.text for line in served.session.seen(LogLine)[len(before) :]]
            assert [line for line in lines if "loading lib" in line]

    run(scenario())


def test_no_more_than_the_limit_stand_ready(
    app: App, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spares, "MOST", 2)
    for name in "ABC":
        app.project.add(name, runtime="nodejs20.x")

    async def scenario() -> None:
        async with app.served() as served:
            found = served.session.relay.spares
            for name in "ABCA":
                await served.session.stub(name).ask({})
            await served.session.until(lambda: found.started >= 4)
            assert len(await served.ready(2)) == 2

    run(scenario())


def test_a_process_ends_whose_function_is_not_in_use(
    app: App, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with app.served() as served:
            pid, *_ = await served.ready()
            monkeypatch.setattr(demand, "IDLE_SECONDS", 0.0)
            found = served.session.relay.spares
            await served.session.until(lambda: found.pids == [] and not is_running(pid))

    monkeypatch.setattr(spares, "TRIM_SECONDS", 0.05)
    run(scenario())
