"""TypeScript handlers, bundled with the project's own esbuild."""

import shutil
import subprocess
from pathlib import Path

import pytest

from relay_session import Project, Run
from samlive_relay.events import Reloaded

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="no npm on the PATH")


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("esbuild")
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), "esbuild@0.25"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    if done.returncode != 0:
        pytest.skip(f"esbuild cannot be installed: {done.stderr[-200:]}")
    package = folder / "node_modules" / "plainlib"
    package.mkdir()
    (package / "package.json").write_text('{"name": "plainlib", "main": "index.js"}')
    (package / "index.js").write_text("exports.suffix = '!';\n")
    return folder / "node_modules"


APP = """
import { greet } from "./lib/greet";
import { suffix } from "plainlib";
interface Event { name: string; fail?: boolean }
export const handler = async (event: Event): Promise<string> => {
  if (event.fail) throw new TypeError("no stock");
  return greet(event.name) + suffix;
};
"""
GREET = "export const greet = (name: string): string => `WORD ${name}`;\n"


def write(project: Project, word: str) -> None:
    project.write("lib/greet.ts", GREET.replace("WORD", word))


def test_without_esbuild_the_answer_says_how_to_get_it(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("app.ts", APP)
    project.add(runtime="nodejs20.x")
    monkeypatch.setattr("samlive_relay.workers.esbuild.find_on_path", lambda: None)

    async def scenario() -> None:
        async with project.session() as session:
            error = await session.stub().fail({})
            assert "npm install --save-dev esbuild" in error["errorMessage"]

    run(scenario())


@pytest.mark.parametrize("kind", ["commonjs", "module"])
def test_a_handler_runs_reloads_and_fails_with_its_own_lines(
    project: Project, run: Run, node_modules: Path, kind: str
) -> None:
    (project.folder / "node_modules").symlink_to(node_modules)
    (project.folder / "package.json").write_text(f'{{"type": "{kind}"}}')
    app = project.write("app.ts", APP)
    write(project, "hello")
    project.add(runtime="nodejs20.x")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({"name": "ana"}) == "hello ana!"
            write(project, "howdy")
            assert await stub.ask({"name": "ana"}) == "howdy ana!"
            assert session.seen(Reloaded)[0].files == (str(project.code / "lib" / "greet.ts"),)
            pids = session.relay.pool.pids
            assert await stub.ask({"name": "ben"}) == "howdy ben!"
            assert session.relay.pool.pids == pids
            error = await stub.fail({"name": "ana", "fail": True})
            assert error["errorType"] == "TypeError"
            assert "app.ts:6:" in "\n".join(error["trace"])
            app.write_text(APP.replace("};", "}};"))
            error = await stub.fail({"name": "ana"})
            assert error["errorType"] == "Runtime.UserCodeSyntaxError"
            assert "app.ts:8:" in error["errorMessage"]
            app.write_text(APP)
            assert await stub.ask({"name": "ana"}) == "howdy ana!"

    run(scenario())
    assert not (project.folder / ".samlive" / "bundles").exists()
