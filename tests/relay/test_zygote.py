"""Forks must not differ from fresh processes: when there is none, and what they learn."""

import asyncio
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from process_tree import is_running
from relay_session import Project, Run, Session, preload
from samlive_relay.workers.zygote import Zygote

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="zygotes need Linux")

PACKAGES = {
    "plainlib.py": "import os\nvalue = os.getpid()\n",
    "envlib.py": "import os\nlevel = os.environ.get('LEVEL', 'unset')\n",
    "alllib.py": "import os\nnames = sorted(dict(os.environ))\n",
    "threadlib.py": (
        "import threading\nbeat = threading.Thread(target=threading.Event().wait, daemon=True)\n"
        "beat.start()\n"
    ),
    "randomlib.py": "import random\n",
}


@pytest.fixture
def project(project: Project) -> Project:
    """A project with a virtual environment of its own, in which packages are installed."""
    environment = project.folder / ".venv"
    venv.create(environment, with_pip=False, symlinks=True)
    for name, text in PACKAGES.items():
        (site_packages(project) / name).write_text(text)
    return project


def site_packages(project: Project) -> Path:
    (found,) = project.folder.glob(".venv/lib/python3*/site-packages")
    return found


async def taught(session: Session, *names: str, without: str = "") -> None:
    """Wait until a zygote that has preloaded these packages, but not that one, is ready."""
    zygotes = session.relay.zygotes
    await session.until(
        lambda: any(
            known.zygote is not None
            and known.zygote.usable
            and set(names) <= known.zygote.packages
            and without not in known.zygote.packages
            for known in zygotes.known.values()
        )
    )


def touch(project: Project, text: str) -> None:
    """Save the handler anew, so that the next request needs a new process."""
    project.write("app.py", text + f"# {len(text)} {id(text)}\n")


def handler(*imports: str, result: str) -> str:
    lines = [f"import {name}" for name in imports]
    return "\n".join([*lines, "def handler(event, context):", f"    return {result}", ""])


def test_an_environment_that_is_a_link_is_preloaded_as_well(project: Project, run: Run) -> None:
    elsewhere = project.folder.parent / "elsewhere"
    (project.folder / ".venv").rename(elsewhere)
    (project.folder / ".venv").symlink_to(elsewhere)
    project.write("app.py", handler("os", "plainlib", result="[os.getpid(), plainlib.value]"))
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            own, imported = await session.stub().ask({})
            assert own == imported, "the first process imports by itself"
            await taught(session, "plainlib")
            own, imported = await session.stub().ask({})
            assert own != imported

    run(scenario())


def test_what_was_imported_is_preloaded_for_the_next_process(project: Project, run: Run) -> None:
    text = handler("os", "plainlib", result="[os.getpid(), plainlib.value]")
    project.write("app.py", text)
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            own, imported = await stub.ask({})
            assert own == imported, "the first process imports by itself"
            await taught(session, "plainlib")
            (zygote,) = session.relay.zygotes.pids
            touch(project, text)
            own, imported = await stub.ask({})
            assert (own != imported, imported) == (True, zygote)
        async with project.session() as session:
            await taught(session, "plainlib")
            own, imported = await session.stub().ask({})
            assert own != imported, "the next session's first process is a fork already"

    run(scenario())


@pytest.mark.parametrize("package", ["envlib", "alllib", "threadlib"])
def test_a_package_that_would_differ_is_left_to_the_function(
    project: Project, run: Run, package: str
) -> None:
    results = {"envlib": "envlib.level", "alllib": "'LEVEL' in alllib.names"}
    result = results.get(package, "threadlib.beat.is_alive()")
    text = handler("plainlib", package, result=f"[plainlib.value, {result}]")
    project.write("app.py", text)
    project.add()
    expected = "deep" if package == "envlib" else True

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub(LEVEL="deep")
            assert (await stub.ask({}))[1] == expected
            await session.until(lambda: session.relay.zygotes.pids)
            for _ in range(3):
                touch(project, text)
                assert (await stub.ask({}))[1] == expected
                await asyncio.sleep(0.1)
            await taught(session, "plainlib", without=package)
            touch(project, text)
            (zygote,) = session.relay.zygotes.pids
            assert await stub.ask({}) == [zygote, expected]

    run(scenario())


def test_code_that_shadows_a_preloaded_module_gets_a_process_of_its_own(
    project: Project, run: Run
) -> None:
    text = handler("plainlib", result="plainlib.value")
    project.write("app.py", text)
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            await stub.ask({})
            await taught(session, "plainlib")
            project.write("plainlib.py", "value = 'of the project'\n")
            touch(project, text)
            assert await stub.ask({}) == "of the project"

    run(scenario())


def test_newly_installed_packages_end_the_zygote(project: Project, run: Run) -> None:
    text = handler("plainlib", result="plainlib.value")
    project.write("app.py", text)
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            await stub.ask({})
            await taught(session, "plainlib")
            (old,) = session.relay.zygotes.pids
            (site_packages(project) / "plainlib.py").write_text("value = 'upgraded'\n")
            (site_packages(project) / "added.py").touch()
            touch(project, text)
            assert await stub.ask({}) == "upgraded"
            await session.until(lambda: not is_running(old))

    run(scenario())


def test_children_draw_different_random_numbers(project: Project, run: Run) -> None:
    project.write("app.py", handler("random", result="random.random()"))
    project.add()
    preload(project.folder / ".samlive", "random", interpreter=project.folder / ".venv/bin/python")

    async def scenario() -> None:
        async with project.session() as session:
            await taught(session, "random")
            stubs = [session.stub() for _ in range(6)]
            drawn = await asyncio.gather(*(stub.ask({}) for stub in stubs))
            assert len(set(drawn)) == 6

    run(scenario())


def test_there_is_one_zygote_for_many_functions(project: Project, run: Run) -> None:
    for number in range(6):
        project.write(f"f{number}/app.py", handler("plainlib", result=str(number)))
        project.add(f"F{number}", code=project.code / f"f{number}")

    async def scenario() -> None:
        async with project.session() as session:
            stubs = [session.stub(f"F{number}") for number in range(6)]
            answers = await asyncio.gather(*(stub.ask({}) for stub in stubs))
            assert answers == list(range(6))
            await taught(session, "plainlib")
            assert len(session.relay.zygotes.pids) == 1

    run(scenario())


def test_without_a_zygote_functions_run_all_the_same(project: Project, run: Run) -> None:
    text = handler("plainlib", result="'answer'")
    project.write("app.py", text)
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            await stub.ask({})
            await taught(session, "plainlib")
            (known,) = session.relay.zygotes.known.values()
            assert known.zygote is not None
            await known.zygote.close()
            touch(project, text)
            assert await stub.ask({}) == "answer"

    run(scenario())


def test_boto3_is_there_as_in_lambda_and_the_projects_own_comes_first(
    project: Project, run: Run
) -> None:
    import boto3

    text = handler("boto3", "sys", result="[boto3.__version__, 'aws-sdk' in sys.path[-1]]")
    project.write("app.py", text)
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == [boto3.__version__, True]
            await taught(session, "boto3")
            touch(project, text)
            assert await stub.ask({}) == [boto3.__version__, True]
            (site_packages(project) / "boto3.py").write_text("__version__ = 'of the project'\n")
            touch(project, text)
            assert await stub.ask({}) == ["of the project", True]

    run(scenario())


def test_a_zygote_that_is_replaced_while_it_forks_takes_no_child_with_it(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child was forked, and the relay had not noted it yet: it died with the zygote."""
    hear = Zygote._on_message

    def replaced_meanwhile(zygote: Zygote, message: dict[str, Any]) -> None:
        hear(zygote, message)
        if "forked" in message:
            zygote.retire()

    project.write("app.py", "import os\ndef handler(event, context):\n    return os.getppid()\n")
    project.add()
    preload(project.folder / ".samlive", interpreter=project.folder / ".venv/bin/python")

    async def scenario() -> None:
        async with project.session() as session:
            await session.until(lambda: session.relay.zygotes.pids)
            await taught(session)
            (zygote,) = session.relay.zygotes.pids
            monkeypatch.setattr(Zygote, "_on_message", replaced_meanwhile)
            stub = session.stub()
            assert [await stub.ask({}) for _ in range(3)] == [zygote] * 3
            assert is_running(zygote)
            touch(project, (project.code / "app.py").read_text())
            await stub.ask({})
            await session.until(lambda: not is_running(zygote))

    run(scenario())
