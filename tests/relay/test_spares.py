"""Node.js processes that stand ready: quick, and never to be told from a fresh start."""

import asyncio
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from process_tree import is_running
from relay_broker import Stub
from relay_session import Project, Run, Session
from samlive_relay.events import LogLine
from samlive_relay.workers import spares

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="no node on the PATH")


HANDLER = "export const handler = async () => lib.word;\n"


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

    def save(self, text: str, answer: str = "lib.word") -> None:
        """Write code that answers with a text and something of the package."""
        load = "const lib = require('lib');"
        export = "exports.handler"
        if self.form == "module":
            load, export = "import lib from 'lib';", "export const handler"
        self.project.write(
            "app.js", f"{load}\n{export} = async () => ['{text}', {answer}, process.pid];\n"
        )


@pytest.fixture
def app(project: Project) -> App:
    return App(project)


FORMS = pytest.mark.parametrize("form", ["commonjs", "module"])


async def stands_ready(session: Session) -> int:
    """Wait for the one spare; return its pid."""
    ready = session.relay.spares
    await session.until(lambda: [spare for spare in ready.standing if spare.is_ready])
    (pid,) = ready.pids
    return pid


async def ask(stub: Stub) -> list[object]:
    answer: list[object] = await stub.ask({})
    return answer


@FORMS
def test_a_save_is_answered_by_the_process_that_stood_ready(
    project: Project, run: Run, form: str
) -> None:
    app = App(project, form)
    app.save("one")

    async def scenario() -> None:
        async with app.project.session() as session:
            stub = session.stub()
            *first, _ = await ask(stub)
            assert first == ["one", "hello"]
            for text in ("two", "six", "ten"):
                pid = await stands_ready(session)
                app.save(text)
                assert await ask(stub) == [text, "hello", pid]

    run(scenario())


def test_a_package_that_is_another_one_now_is_loaded_anew(app: App, run: Run) -> None:
    app.save("one")

    async def scenario() -> None:
        async with app.project.session() as session:
            stub = session.stub()
            await ask(stub)
            pid = await stands_ready(session)
            app.package("exports.word = 'howdy';")
            app.save("two")
            *answer, other = await ask(stub)
            assert answer == ["two", "howdy"]
            assert other != pid

    run(scenario())


@FORMS
def test_a_package_that_reads_the_users_files_is_not_loaded_ahead(
    project: Project, run: Run, form: str
) -> None:
    app = App(project, form)
    settings = app.project.write("settings.txt", "red")
    app.package("exports.word = require('fs').readFileSync('settings.txt', 'utf8');")
    app.save("one")

    async def scenario() -> None:
        async with app.project.session() as session:
            stub = session.stub()
            assert (await ask(stub))[:2] == ["one", "red"]
            await stands_ready(session)
            settings.write_text("blue")
            app.save("two")
            assert (await ask(stub))[:2] == ["two", "blue"]

    run(scenario())


def test_a_process_that_is_still_loading_is_judged_before_it_is_used(app: App, run: Run) -> None:
    settings = app.project.write("settings.txt", "red")
    app.package(
        "const fs = require('fs');\n"
        "exports.word = fs.readFileSync('settings.txt', 'utf8');\n"
        "fs.writeFileSync(`../read-${process.pid}`, '');\n"
        "for (const end = Date.now() + 300; Date.now() < end; );\n"
    )
    app.save("one")

    async def scenario() -> None:
        async with app.project.session() as session:
            stub = session.stub()
            assert (await ask(stub))[:2] == ["one", "red"]
            await session.until(lambda: len(list(app.project.folder.glob("read-*"))) == 2)
            settings.write_text("blue")
            app.save("two")
            assert (await ask(stub))[:2] == ["two", "blue"]

    run(scenario())


def test_a_package_that_read_what_the_user_sets_before_it_is_loaded_after_it(
    project: Project, run: Run
) -> None:
    app = App(project, "commonjs")
    app.package("exports.word = process.env.MODE;")
    app.save("one")

    async def scenario() -> None:
        async with app.project.session() as session:
            stub = session.stub()
            assert (await ask(stub))[:2] == ["one", None]
            for text in ("two", "six"):
                await stands_ready(session)
                app.save(text)
                path = app.project.code / "app.js"
                path.write_text(f"process.env.MODE = '{text}';\n" + path.read_text())
                assert (await ask(stub))[:2] == [text, text]

    run(scenario())


def test_a_package_that_has_read_credentials_never_keeps_old_ones(app: App, run: Run) -> None:
    app.package("exports.word = process.env.AWS_ACCESS_KEY_ID;")
    app.save("one")

    async def scenario() -> None:
        async with app.project.session() as session:
            assert (await ask(session.stub(AWS_ACCESS_KEY_ID="OLD")))[:2] == ["one", "OLD"]
            await stands_ready(session)
            assert (await ask(session.stub(AWS_ACCESS_KEY_ID="NEW")))[:2] == ["one", "NEW"]

    run(scenario())


@FORMS
def test_a_package_that_is_imported_no_longer_has_no_effect(
    project: Project, run: Run, form: str
) -> None:
    app = App(project, form)
    app.package("globalThis.patched = true;")
    app.save("one", "globalThis.patched ?? false")

    async def scenario() -> None:
        async with app.project.session() as session:
            stub = session.stub()
            assert (await ask(stub))[:2] == ["one", True]
            await stands_ready(session)
            app.save("two", "globalThis.patched ?? false")
            path = app.project.code / "app.js"
            path.write_text("\n" + path.read_text().partition("\n")[2])
            assert (await ask(stub))[:2] == ["two", False]
            pid = await stands_ready(session)
            path.write_text(path.read_text().replace("two", "six"))
            assert await ask(stub) == ["six", False, pid]

    run(scenario())


def test_what_packages_write_is_told_where_the_process_starts(app: App, run: Run) -> None:
    app.package("console.log('loading lib'); exports.word = 1;")
    app.save("one")

    async def scenario() -> None:
        async with app.project.session() as session:
            stub = session.stub()
            await ask(stub)
            await stands_ready(session)
            told = len(session.seen(LogLine))
            assert [line for line in session.seen(LogLine) if "loading lib" in line.text]
            app.save("two")
            await ask(stub)
            lines = [line.text for line in session.seen(LogLine)[told:]]
            assert [line for line in lines if "loading lib" in line]

    run(scenario())


def test_variables_that_differ_from_the_start_need_a_fresh_process(app: App, run: Run) -> None:
    app.save("one", "process.env.TZ")

    async def scenario() -> None:
        async with app.project.session() as session:
            assert (await ask(session.stub(TZ="UTC")))[:2] == ["one", "UTC"]
            pid = await stands_ready(session)
            *answer, other = await ask(session.stub(TZ="Asia/Tokyo"))
            assert answer == ["one", "Asia/Tokyo"]
            assert other != pid

    run(scenario())


def test_options_that_load_the_users_files_leave_no_process_ready(app: App, run: Run) -> None:
    setup = app.project.write("setup.cjs", "globalThis.word = 'one';")
    app.save("one", "globalThis.word")

    async def scenario() -> None:
        async with app.project.session() as session:
            stub = session.stub(SAMLIVE_ENV_NODE_OPTIONS=f"--require {setup}")
            assert (await ask(stub))[:2] == ["one", "one"]
            await asyncio.sleep(2 * spares.PAUSE_SECONDS)
            assert session.relay.spares.pids == []
            setup.write_text("globalThis.word = 'two';")
            app.save("two", "globalThis.word")
            assert (await ask(stub))[:2] == ["two", "two"]

    run(scenario())


def test_broken_code_is_answered_at_once_and_mended_by_the_next_save(app: App, run: Run) -> None:
    app.save("one")

    async def scenario() -> None:
        async with app.project.session() as session:
            stub = session.stub()
            await ask(stub)
            await stands_ready(session)
            (app.project.code / "app.js").write_text("\nfunction broken( {\n")
            error = await stub.fail({})
            assert error["errorType"] == "Runtime.UserCodeSyntaxError"
            assert "app.js:" in "\n".join(error["trace"])
            app.save("two")
            assert (await ask(stub))[:2] == ["two", "hello"]

    run(scenario())


def test_one_process_stands_ready_per_function_and_no_more_than_the_limit(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spares, "MOST", 2)
    App(project).save("one")
    for name in "ABC":
        project.add(name, runtime="nodejs20.x")

    async def scenario() -> None:
        async with project.session() as session:
            stubs = [session.stub(name) for name in "ABCA"]
            for stub in stubs:
                await ask(stub)
            await session.until(lambda: session.relay.spares.started >= 3)
            await session.until(lambda: len(session.relay.spares.pids) == 2)

    run(scenario())


def test_a_process_ends_whose_function_is_not_in_use(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spares, "IDLE_SECONDS", 0.2)
    App(project).save("one")

    async def scenario() -> None:
        async with project.session() as session:
            await ask(session.stub())
            pid = await stands_ready(session)
            await session.until(lambda: session.relay.spares.pids == [] and not is_running(pid))

    run(scenario())


def test_a_process_that_was_killed_is_replaced_by_a_fresh_one(app: App, run: Run) -> None:
    app.save("one")

    async def scenario() -> None:
        async with app.project.session() as session:
            stub = session.stub()
            await ask(stub)
            os.kill(await stands_ready(session), 9)
            app.save("two")
            assert (await ask(stub))[:2] == ["two", "hello"]

    run(scenario())


def test_code_that_asks_for_other_packages_each_time_gets_no_more_spares(
    app: App, run: Run
) -> None:
    app.save("one")
    for number in range(spares.MAX_ROUNDS + 1):
        app.package(f"exports.word = {number};", f"lib{number}")

    async def scenario() -> None:
        async with app.project.session() as session:
            stub = session.stub()
            for number in range(spares.MAX_ROUNDS + 1):
                app.project.write("app.js", f"import lib from 'lib{number}';\n" + HANDLER)
                assert await stub.ask({}) == number
                if number < spares.MAX_ROUNDS:
                    await stands_ready(session)
            await asyncio.sleep(2 * spares.PAUSE_SECONDS)
            assert session.relay.spares.pids == []

    run(scenario())
