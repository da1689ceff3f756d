"""Reload: never stale, never lost, in-flight work on old code; the same for every runtime."""

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from relay_session import Project, Run, Session, edited_under_traffic
from samlive_relay.events import Reloaded


@dataclass(frozen=True)
class Language:
    """How the tests write the same function in one runtime."""

    runtime: str
    app: str
    shared: str

    def value(self, value: str) -> str:
        """A handler that answers with a module-level value."""
        return self.app.replace("VALUE", value)

    def using_shared(self) -> str:
        if self.runtime.startswith("python"):
            return "from shared import value\ndef handler(event, context):\n    return value\n"
        if self.runtime.startswith("ruby"):
            return 'require_relative "shared"\ndef handler(event:, context:)\n  VALUE\nend\n'
        return 'import { value } from "./shared.mjs";\nexport const handler = async () => value;\n'

    def shared_value(self, value: str) -> str:
        if self.runtime.startswith("python"):
            return f"value = '{value}'\n"
        if self.runtime.startswith("ruby"):
            return f"VALUE = '{value}'\n"
        return f"export const value = '{value}';\n"

    @property
    def app_name(self) -> str:
        if self.runtime.startswith("ruby"):
            return "app.rb"
        return "app.py" if self.runtime.startswith("python") else "app.mjs"


LANGUAGES = {
    "python": Language(
        "python3.11",
        "import os, time\nvalue = 'VALUE'\ndef handler(event, context):\n"
        "    while 'until' in event and not os.path.exists(event['until']):\n"
        "        time.sleep(0.01)\n    return value\n",
        "shared.py",
    ),
    "node": Language(
        "nodejs20.x",
        "import fs from 'node:fs';\n"
        "const value = 'VALUE';\nexport const handler = async (event) => {\n"
        "  while (event.until && !fs.existsSync(event.until))\n"
        "    await new Promise((go) => setTimeout(go, 10));\n"
        "  return value;\n};\n",
        "shared.mjs",
    ),
    "ruby": Language(
        "ruby3.3",
        "TEA = 'VALUE'\ndef handler(event:, context:)\n"
        "  sleep 0.01 while event['until'] && !File.exist?(event['until'])\n  TEA\nend\n",
        "shared.rb",
    ),
}


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> Language:
    name: str = request.param
    if name != "python" and shutil.which(name) is None:
        pytest.skip(f"no {name} on the PATH")
    return LANGUAGES[name]


def in_place(path: Path, text: str) -> None:
    path.write_text(text)


def by_rename(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".tmp")
    fresh.write_text(text)
    os.replace(fresh, path)


def vim_backup(path: Path, text: str) -> None:
    os.rename(path, path.with_name(path.name + "~"))
    path.write_text(text)
    path.with_name(path.name + "~").unlink()


def from_outside(path: Path, text: str) -> None:
    fresh = path.parents[2] / "elsewhere.tmp"
    fresh.write_text(text)
    os.replace(fresh, path)


SAVES: list[Callable[[Path, str], None]] = [in_place, by_rename, vim_backup, from_outside]


async def reloaded(session: Session, times: int) -> None:
    await session.until(lambda: len(session.seen(Reloaded)) >= times)


@pytest.mark.parametrize("save", SAVES)
def test_every_way_of_saving_shows_at_the_next_request(
    project: Project, run: Run, language: Language, save: Callable[[Path, str], None]
) -> None:
    path = project.write(language.app_name, language.value("one"))
    project.add(runtime=language.runtime)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == "one"
            save(path, language.value("two"))
            assert await stub.ask({}) == "two"
            save(path, language.value("six"))
            await reloaded(session, 2)
            assert await stub.ask({}) == "six"
            assert session.seen(Reloaded)[0].functions == ("Function",)
            assert str(path) in session.seen(Reloaded)[0].files

    run(scenario())


def test_a_save_of_what_nobody_loaded_changes_nothing(
    project: Project, run: Run, language: Language
) -> None:
    project.write(language.app_name, language.value("one"))
    unused = project.write("notes.txt", "one")
    project.add(runtime=language.runtime)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            await stub.ask({})
            pids = session.relay.pool.pids
            unused.write_text("two")
            project.write(language.app_name + ".orig", "x")
            await stub.ask({})
            assert session.relay.pool.pids == pids
            assert session.seen(Reloaded) == []

    run(scenario())


def test_only_the_functions_that_loaded_a_file_reload(
    project: Project, run: Run, language: Language
) -> None:
    shared = project.write(f"a/{language.shared}", language.shared_value("one"))
    project.write(f"a/{language.app_name}", language.using_shared())
    project.write(f"b/{language.app_name}", language.value("b"))
    project.add("A", code=project.code / "a", runtime=language.runtime)
    project.add("B", code=project.code / "b", runtime=language.runtime)

    async def scenario() -> None:
        async with project.session() as session:
            a, b = session.stub("A"), session.stub("B")
            assert [await a.ask({}), await b.ask({})] == ["one", "b"]
            shared.write_text(language.shared_value("two"))
            await reloaded(session, 1)
            assert [await a.ask({}), await b.ask({})] == ["two", "b"]
            assert session.seen(Reloaded)[0].functions == ("A",)

    run(scenario())


def test_a_running_invocation_finishes_on_the_old_code(
    project: Project, run: Run, language: Language
) -> None:
    path = project.write(language.app_name, language.value("old"))
    project.add(runtime=language.runtime)

    async def scenario() -> None:
        async with project.session() as session:
            slow, other = session.stub(), session.stub()
            await asyncio.gather(slow.ask({}), other.ask({}))
            until = project.folder / "go"
            running = asyncio.ensure_future(slow.ask({"until": str(until)}))
            await asyncio.sleep(0)
            await session.until(lambda: session.relay.running == 1)
            path.write_text(language.value("new"))
            await reloaded(session, 1)
            assert await other.ask({}) == "new"
            assert not running.done()
            until.touch()
            assert await running == "old"
            assert await slow.ask({}) == "new"

    run(scenario())


def test_a_hundred_edits_of_one_length_under_traffic_lose_and_mix_nothing(
    project: Project, run: Run, language: Language
) -> None:
    """Every answer is of the code on disk at the request, or of a save during it."""
    path = project.write(language.app_name, language.value("000"))
    project.add(runtime=language.runtime)
    edits = 100

    async def scenario() -> None:
        async with project.session() as session:
            stale = await edited_under_traffic(
                session, edits, lambda number: path.write_text(language.value(f"{number:03}"))
            )
            assert stale == []
            assert await session.stub().ask({}) == f"{edits:03}"

    run(scenario())


def test_a_file_behind_a_symlink_outside_the_code_reloads(project: Project, run: Run) -> None:
    outside = project.folder.parent / "outside"
    outside.mkdir()
    (outside / "shared.py").write_text("value = 'one'\n")
    (project.code / "lib").symlink_to(outside)
    project.write(
        "app.py", "from lib.shared import value\ndef handler(event, context):\n    return value\n"
    )
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == "one"
            (outside / "shared.py").write_text("value = 'two'\n")
            await reloaded(session, 1)
            assert await stub.ask({}) == "two"

    run(scenario())


def test_a_data_file_that_was_read_at_import_reloads(project: Project, run: Run) -> None:
    data = project.write("data.json", "[1]")
    project.write(
        "app.py",
        "import json, pathlib\n"
        "data = json.loads(pathlib.Path(__file__).with_name('data.json').read_text())\n"
        "def handler(event, context):\n    return data\n",
    )
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == [1]
            data.write_text("[2]")
            assert await stub.ask({}) == [2]

    run(scenario())


def test_a_file_that_the_function_writes_itself_is_no_reload(project: Project, run: Run) -> None:
    project.write(
        "app.py",
        "import pathlib\npath = pathlib.Path(__file__).with_name('count.txt')\ncount = 0\n"
        "def handler(event, context):\n    global count\n    count += 1\n"
        "    path.write_text(str(count))\n    return [count, path.read_text()]\n",
    )
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert [await stub.ask({}) for _ in range(3)] == [[1, "1"], [2, "2"], [3, "3"]]

    run(scenario())


def test_a_new_module_is_found(project: Project, run: Run) -> None:
    project.write(
        "app.py",
        "try:\n    import extra\n    value = extra.value\nexcept ImportError:\n    value = None\n"
        "def handler(event, context):\n    return value\n",
    )
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) is None
            project.write("extra.py", "value = 'found'\n")
            await reloaded(session, 1)
            assert await stub.ask({}) == "found"
            (project.code / "extra.py").unlink()
            assert await stub.ask({}) is None

    run(scenario())


def test_bytecode_of_the_save_before_is_never_used(project: Project, run: Run) -> None:
    """Two saves of equal length within one second look the same to a .pyc."""
    shared = project.write("shared.py", "value = 'one'\n")
    project.write("app.py", "import shared\ndef handler(e, c):\n    return shared.value\n")
    project.add()
    stamp = 1_700_000_000

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            os.utime(shared, (stamp, stamp))
            assert await stub.ask({}) == "one"
            shared.write_text("value = 'two'\n")
            os.utime(shared, (stamp, stamp + 0.25))
            assert await stub.ask({}) == "two"

    run(scenario())


def test_a_reload_is_started_before_the_next_request(project: Project, run: Run) -> None:
    path = project.write("app.py", "import os\nv = 1\ndef handler(e, c):\n    return os.getpid()\n")
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            old = await stub.ask({})
            path.write_text(path.read_text().replace("1", "2"))
            await session.until(lambda: set(session.relay.pool.pids) - {old})
            (ahead,) = set(session.relay.pool.pids) - {old}
            assert await stub.ask({}) == ahead

    run(scenario())
