"""Reload of many files at once, and of files that lie elsewhere."""

import asyncio
import os
import shutil
import subprocess

import pytest

from relay_session import Project, Run
from samlive_relay.events import Reloaded

PACKAGES, MODULES = 20, 100
"""2,000 files, of which a function loads every twentieth."""


def git(project: Project, *words: str) -> None:
    named = (
        "-c",
        "user.name=ana",
        "-c",
        "user.email=ana@example.com",
        "-c",
        "commit.gpgsign=false",
    )
    subprocess.run(["git", *named, *words], cwd=project.code, check=True, capture_output=True)


def commit(project: Project, value: int) -> None:
    """Make a branch on which every module has this value."""
    git(project, "checkout", "-q", "-b", f"v{value}")
    for package in range(PACKAGES):
        (project.code / f"p{package}").mkdir(exist_ok=True)
        for number in range(MODULES):
            project.write(f"p{package}/m{number}.py", f"value = {value}\n")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", f"value {value}")


@pytest.mark.skipif(shutil.which("git") is None, reason="no git on the PATH")
def test_a_branch_switch_is_a_few_reloads_and_runs_the_branch(project: Project, run: Run) -> None:
    names = [f"p{package}.m{number}" for package in range(PACKAGES) for number in range(0, 100, 20)]
    imports = "".join(f"import {name}\n" for name in names)
    values = ", ".join(f"{name}.value" for name in names)
    project.write(
        "app.py", f"{imports}\n\ndef handler(event, context):\n    return sorted({{{values}}})\n"
    )
    git(project, "init", "-q")
    commit(project, 1)
    commit(project, 2)
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == [2]
            for value in (1, 2):
                switch = asyncio.create_subprocess_exec(
                    "git", "checkout", "-q", f"v{value}", cwd=project.code
                )
                process = await switch
                await stub.invoke({})  # of a switch under way anything may be seen
                assert await process.wait() == 0
                assert await stub.ask({}) == [value]
            assert len(session.seen(Reloaded)) < 100

    run(scenario())


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_link_that_leads_elsewhere_from_now_on_reloads(
    project: Project, run: Run, what: str
) -> None:
    for value in (1, 2):
        folder = project.folder / f"v{value}"
        folder.mkdir()
        (folder / "shared.py").write_text(f"value = {value}\n")
    name = "shared.py" if what == "file" else "lib"
    module = "shared" if what == "file" else "lib.shared"
    link = project.code / name

    def lead_to(value: int) -> None:
        target = project.folder / f"v{value}"
        fresh = project.code / "fresh"
        fresh.symlink_to(target / name if what == "file" else target)
        os.replace(fresh, link)

    project.write(
        "app.py",
        f"from {module} import value\n\n\ndef handler(event, context):\n    return value\n",
    )
    lead_to(1)
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == 1
            lead_to(2)
            assert await stub.ask({}) == 2

    run(scenario())


def test_code_outside_the_projects_folder_reloads_ahead_of_requests(
    project: Project, run: Run
) -> None:
    outside = project.folder.parent / "other" / "src"
    outside.mkdir(parents=True)
    (outside / "helper.py").write_text("value = 1\n")
    (outside / "app.py").write_text(
        "from helper import value\n\n\ndef handler(event, context):\n    return value\n"
    )
    project.add(code=outside)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == 1
            (outside / "helper.py").write_text("value = 2\n")
            await session.until(lambda: session.seen(Reloaded))
            assert await stub.ask({}) == 2

    run(scenario())
