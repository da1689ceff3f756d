"""Functions that are built: when, how often, what a failed build answers, what runs meanwhile."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from relay_session import WORD_PROGRAM, Project, Run, edited_under_traffic
from samlive_relay.config import Build
from samlive_relay.events import BuildEnded, BuildStarted, Reloaded

COMPILE = (
    "echo built >> ../builds.log; "
    "grep -q oops word.txt && { echo 'word.txt.go:3: oops' >&2; exit 1; }; "
    'cp program "$ARTIFACTS_DIR/bootstrap"; cp word.txt "$ARTIFACTS_DIR/word"'
)


class Workshop:
    """A project whose program is "compiled" by a shell command."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.word = project.write("word.txt", "one")
        project.write("program", WORD_PROGRAM).chmod(0o755)

    def add(self, name: str = "Function", command: str = COMPILE, **values: Any) -> None:
        build = Build(command=command, **values)
        self.project.add(name, runtime="provided.al2023", handler="x", build=build)

    @property
    def builds(self) -> int:
        log = self.project.folder / "builds.log"
        return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.fixture
def workshop(project: Project) -> Workshop:
    return Workshop(project)


def test_a_failed_build_answers_with_place_and_reason_once_built_and_recovers(
    workshop: Workshop, run: Run
) -> None:
    workshop.word.write_text("oops")
    workshop.add()

    async def scenario() -> None:
        async with workshop.project.session() as session:
            stub = session.stub()
            for _ in range(2):
                error = await stub.fail({})
                assert error["errorType"] == "Runtime.UserCodeSyntaxError"
                assert error["errorMessage"] == "word.txt.go:3: oops"
            assert workshop.builds == 1, "what failed is not tried again before a save"
            workshop.word.write_text("two")
            assert await stub.ask({}) == "two"
            workshop.word.write_text("oops")
            assert "oops" in (await stub.fail({}))["errorMessage"]
            workshop.word.write_text("six")
            assert await stub.ask({}) == "six"

    run(scenario())


def test_it_is_built_ahead_and_again_after_a_save_only(workshop: Workshop, run: Run) -> None:
    workshop.add()

    async def scenario() -> None:
        async with workshop.project.session() as session:
            await session.until(lambda: session.seen(BuildEnded, problem=""))
            first, second = session.stub(), session.stub()
            assert list(await asyncio.gather(first.ask({}), second.ask({}))) == ["one", "one"]
            assert await first.ask({}) == "one"
            assert workshop.builds == 1
            workshop.word.write_text("two")
            await session.until(lambda: len(session.seen(BuildEnded)) == 2)
            assert list(await asyncio.gather(first.ask({}), second.ask({}))) == ["two", "two"]
            assert workshop.builds == 2
            assert session.seen(Reloaded)[0].files == (str(workshop.word),)

    run(scenario())


def test_a_save_builds_ahead_of_the_first_call_too(workshop: Workshop, run: Run) -> None:
    workshop.word.write_text("oops")
    workshop.add()

    async def scenario() -> None:
        async with workshop.project.session() as session:
            await session.until(lambda: session.seen(BuildEnded, problem="word.txt.go:3: oops"))
            workshop.word.write_text("two")
            await session.until(lambda: session.seen(BuildEnded, problem=""))
            assert await session.stub().ask({}) == "two"
            assert workshop.builds == 2

    run(scenario())


def test_a_function_that_an_edit_of_the_template_brings_is_built_ahead(
    workshop: Workshop, run: Run
) -> None:
    workshop.add("A")

    async def scenario() -> None:
        async with workshop.project.session() as session:
            await session.until(lambda: session.seen(BuildEnded, function="A"))
            workshop.add("B", command=COMPILE + " ")
            session.relay.update_functions(workshop.project.functions)
            await session.until(lambda: session.seen(BuildEnded, function="B"))
            assert len(session.seen(BuildEnded, function="A")) == 1

    run(scenario())


def test_the_next_session_takes_a_build_that_is_still_right(workshop: Workshop, run: Run) -> None:
    async def asked(answer: str, builds: int) -> None:
        async with workshop.project.session() as session:
            assert await session.stub().ask({}) == answer
            assert workshop.builds == builds

    async def scenario() -> None:
        workshop.add()
        await asked("one", 1)
        await asked("one", 1)
        workshop.word.write_text("two")
        await asked("two", 2)
        workshop.add(command=COMPILE + " ")
        await asked("two", 3)
        folder = workshop.project.folder / ".samlive" / "build" / "Function"
        (folder / "last.json").write_text("{}")
        await asked("two", 4)
        assert len([path for path in folder.iterdir() if path.is_dir()]) == 2, "one, and scratch"

    run(scenario())


def test_functions_of_one_source_share_a_build(workshop: Workshop, run: Run) -> None:
    workshop.add("A")
    workshop.add("B")

    async def scenario() -> None:
        async with workshop.project.session() as session:
            answers = [session.stub("A").ask({}), session.stub("B").ask({})]
            assert await asyncio.gather(*answers) == ["one", "one"]
            assert workshop.builds == 1

    run(scenario())


def test_a_running_call_ends_on_its_own_build_however_many_follow(
    workshop: Workshop, run: Run
) -> None:
    workshop.add()
    go = workshop.project.folder / "go"

    async def scenario() -> None:
        async with workshop.project.session() as session:
            slow, other = session.stub(), session.stub()
            assert await slow.ask({}) == "one"
            running = asyncio.ensure_future(slow.ask({"until": str(go)}))
            await session.until(go.with_name("go.begun").exists)
            for word in ("two", "six"):
                workshop.word.write_text(word)
                assert await other.ask({}) == word
            assert not running.done()
            go.touch()
            assert await running == "one", "it reads its word after two more builds"
            assert await slow.ask({}) == "six"

    run(scenario())


def test_edits_under_traffic_lose_and_mix_nothing(workshop: Workshop, run: Run) -> None:
    """Every answer is of the code on disk at the request, or of a save during it."""
    edits = 30
    workshop.word.write_text("00")
    workshop.add()

    async def scenario() -> None:
        async with workshop.project.session() as session:
            stale = await edited_under_traffic(
                session, edits, lambda number: workshop.word.write_text(f"{number:02}")
            )
            assert stale == []
            assert await session.stub().ask({}) == f"{edits}"

    run(scenario())


def test_a_file_that_is_being_saved_is_waited_for(workshop: Workshop, run: Run) -> None:
    workshop.add()

    async def scenario() -> None:
        async with workshop.project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == "one"
            workshop.word.write_text("")
            asked = asyncio.ensure_future(stub.ask({}))
            await session.until(lambda: len(session.seen(BuildStarted)) == 2)
            workshop.word.write_text("two")
            assert await asked == "two"
            assert workshop.builds == 2

    run(scenario())


def test_what_a_build_writes_beside_its_sources_does_not_build_it_again(
    workshop: Workshop, run: Run
) -> None:
    workshop.add(command="date +%N > stamp; " + COMPILE)

    async def scenario() -> None:
        async with workshop.project.session() as session:
            stub = session.stub()
            assert [await stub.ask({}) for _ in range(3)] == ["one"] * 3
            assert workshop.builds == 2, "the second shows what is a product"
            workshop.word.write_text("two")
            assert await stub.ask({}) == "two"
            assert workshop.builds == 3

    run(scenario())


def test_a_build_that_fills_nothing_leaves_the_code_where_it_is(
    workshop: Workshop, run: Run
) -> None:
    workshop.add(command="cp program bootstrap; cp word.txt word")

    async def scenario() -> None:
        async with workshop.project.session() as session:
            assert await session.stub().ask({}) == "one"

    run(scenario())


def test_files_that_the_compiler_lists_are_inputs_too(workshop: Workshop, run: Run) -> None:
    beside = workshop.project.folder / "lib" / "word.txt"
    beside.parent.mkdir()
    beside.write_text("one")
    command = 'cp program "$ARTIFACTS_DIR/bootstrap"; cp ../lib/word.txt "$ARTIFACTS_DIR/word"'
    workshop.add(command=command, lists="echo out/app: program ../lib/word.txt /etc/hostname")

    async def scenario() -> None:
        async with workshop.project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == "one"
            beside.write_text("two")
            assert await stub.ask({}) == "two"
            assert str(beside) in session.seen(Reloaded)[0].files

    run(scenario())


def test_a_new_file_builds_anew(workshop: Workshop, run: Run) -> None:
    command = COMPILE + '; cat extra.go > "$ARTIFACTS_DIR/word" 2>/dev/null; true'
    workshop.add(command=command.replace("cp word.txt", "cp -n word.txt"))

    async def scenario() -> None:
        async with workshop.project.session() as session:
            stub = session.stub()
            await stub.ask({})
            workshop.project.write("extra.go", "extra")
            await session.until(lambda: len(session.seen(BuildEnded)) == 2)
            assert await stub.ask({}) == "extra"

    run(scenario())


def test_a_build_under_way_ends_with_the_session(workshop: Workshop, run: Run) -> None:
    started = workshop.project.folder / "started"
    workshop.add(command=f"echo $$ > {started}.part; mv {started}.part {started}; sleep 600")

    async def scenario() -> None:
        async with workshop.project.session() as session:
            await session.until(started.exists)
            session.pids.add(int(started.read_text()))

    run(scenario())


def test_no_credentials_reach_a_compiler_and_the_developers_settings_do(
    workshop: Workshop, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOFLAGS", "-mine")
    seen = workshop.project.folder / "seen"
    workshop.add(command=f"env > {seen}; " + COMPILE)

    async def scenario() -> None:
        async with workshop.project.session() as session:
            stub = session.stub(AWS_SESSION_TOKEN="the role's")
            assert await stub.ask({}) == "one"
            text = seen.read_text()
            assert "GOFLAGS=-mine" in text
            assert "the role's" not in text

    run(scenario())


def test_the_users_own_command_runs_the_code(project: Project, run: Run) -> None:
    project.write("program", WORD_PROGRAM)
    word = project.write("word", "one")
    project.add(runtime="", handler="", run=f"{sys.executable} ./program")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == "one"
            word.write_text("two")
            assert await stub.ask({}) == "two"
            assert session.seen(Reloaded), "any file of the code replaces the process"

    run(scenario())


@pytest.mark.parametrize("name", ["", "a/b"])
def test_builds_lie_below_the_state_folder_by_function(
    workshop: Workshop, run: Run, name: str
) -> None:
    function = name or "Function"
    workshop.add(function)

    async def scenario() -> None:
        async with workshop.project.session() as session:
            await session.stub(function).ask({})
            folder: Path = session.config.state / "build" / function.replace("/", "-")
            assert (folder / "1" / "bootstrap").is_file()
            assert folder.stat().st_mode & 0o077 == 0 or (folder / "1").stat().st_mode & 0o077 == 0

    run(scenario())
