"""TypeScript handlers, bundled with the project's own esbuild."""

import shutil
import subprocess
from pathlib import Path

import pytest

from relay_session import Project, Run
from samlive_relay.events import Reloaded
from samlive_relay.workers import esbuild, typescript

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="no npm on the PATH")


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("esbuild")
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), "esbuild@0.25"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
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


PACKAGES = {
    "esmonly": (
        '{"name": "esmonly", "type": "module", "exports": "./i.js"}',
        "export default 'E';",
    ),
    "hidden": (
        '{"name": "hidden", "main": "i.js"}',
        "const names = { deep: 'H' };\nmodule.exports = names;",
    ),
    "both": (
        '{"name": "both", "exports": {"import": "./i.mjs", "require": "./i.js"}}',
        "exports.kind = 'required';",
    ),
}
USER = """
import word from "esmonly";
import { deep } from "hidden";
import { kind } from "both";
import { shared } from "@team/shared";
export const handler = async (): Promise<string[]> => [word, deep, kind, shared];
"""


@pytest.mark.parametrize("kind", ["commonjs", "module"])
def test_packages_are_found_as_in_a_deployed_bundle(
    project: Project, run: Run, node_modules: Path, kind: str
) -> None:
    """What Node itself cannot load, or names differently, works when it is bundled."""
    installed = project.folder / "node_modules"
    for name, (settings, text) in PACKAGES.items():
        (installed / name).mkdir(parents=True)
        (installed / name / "package.json").write_text(settings)
        (installed / name / "i.js").write_text(text)
    (installed / "both" / "i.mjs").write_text("export const kind = 'imported';")
    (installed / "esbuild").symlink_to(node_modules / "esbuild")
    shared = project.folder / "packages" / "shared"
    (shared / "src").mkdir(parents=True)
    (shared / "package.json").write_text('{"name": "@team/shared", "main": "src/index.ts"}')
    source = shared / "src" / "index.ts"
    source.write_text("export const shared: string = 'one';")
    (installed / "@team").mkdir()
    (installed / "@team" / "shared").symlink_to(shared)
    (project.code / "package.json").write_text(f'{{"type": "{kind}"}}')
    project.write("app.ts", USER)
    project.add(runtime="nodejs20.x")
    how = "imported" if kind == "module" else "required"

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == ["E", "H", how, "one"]
            source.write_text("export const shared: string = 'two';")
            assert await stub.ask({}) == ["E", "H", how, "two"]

    run(scenario())


PROPERTIES = {
    "EntryPoints": ["src/orders/app.ts"],
    "Format": "esm",
    "Target": "es2022",
    "Minify": True,
    "Define": ["STAGE='dev'"],
    "Loader": [".txt=text"],
    "Banner": ["js=globalThis.banner = 'B';"],
    "MainFields": "module,main",
    "OutExtension": [".js=.mjs"],
    "External": ["nowhere"],
    "Sourcemap": False,
}
BUILT = """
import text from "./note.txt";
declare const STAGE: string;
const one: string = await Promise.resolve("1");
export const handler = async (event: { load?: boolean }): Promise<string[]> => {
  if (event.load) await import("nowhere").catch((error) => { throw new Error(error.message); });
  return [text, STAGE, (globalThis as any).banner, one, import.meta.url.slice(0, 5)];
};
"""


def test_a_template_says_how_to_build(project: Project, run: Run, node_modules: Path) -> None:
    (project.folder / "node_modules").symlink_to(node_modules)
    project.write("src/orders/app.ts", BUILT)
    project.write("src/orders/note.txt", "T")
    project.add(runtime="nodejs20.x", build_properties=PROPERTIES)

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == ["T", "dev", "B", "1", "file:"]
            error = await stub.fail({"load": True})
            assert "nowhere" in error["errorMessage"]
            assert "src/orders/app.ts:6:" in "\n".join(error["trace"])
            project.write("src/orders/note.txt", "N")
            assert (await stub.ask({}))[0] == "N"

    run(scenario())


def test_an_unknown_build_property_is_named(project: Project, run: Run, node_modules: Path) -> None:
    (project.folder / "node_modules").symlink_to(node_modules)
    project.write("app.ts", "export const handler = async () => 1;")
    project.add(runtime="nodejs20.x", build_properties={"Minfy": True})

    async def scenario() -> None:
        async with project.session() as session:
            error = await session.stub().fail({})
            assert error["errorType"] == "Runtime.UserCodeSyntaxError"
            assert "minfy" in error["errorMessage"]

    run(scenario())


ENTRIES = {
    "handler": ({}, "app.handler", "app.ts"),
    "folder": ({}, "src/app.handler", "src/app.ts"),
    "javascript": ({}, "plain.handler", None),
    "one entry point": ({"EntryPoints": ["src/app.ts"]}, "app.handler", "src/app.ts"),
    "without an ending": ({"EntryPoints": ["src/app"]}, "app.handler", "src/app.ts"),
    "of two": ({"EntryPoints": ["src/app.ts", "src/a/b.ts"]}, "a/b.handler", "src/a/b.ts"),
    "built javascript": ({"EntryPoints": ["plain.js"]}, "plain.handler", "plain.js"),
}


@pytest.mark.parametrize("case", ENTRIES)
def test_the_file_that_a_handler_is_built_from_is_found(project: Project, case: str) -> None:
    properties, handler, found = ENTRIES[case]
    for name in ("app.ts", "src/app.ts", "src/a/b.ts", "plain.js", "plain.ts"):
        project.write(name, "")
    function = project.add(runtime="nodejs20.x", handler=handler, build_properties=properties)
    assert typescript.find_entry(function) == (project.code / found if found else None)


def test_build_properties_become_options_of_esbuild() -> None:
    given = {
        "EntryPoints": ["app.ts"],
        "UseNpmCi": True,
        "Outdir": "elsewhere",
        "MainFields": "module,main",
        "Loader": [".png=file", ".txt=text"],
        "Define": {"A": "1"},
        "External": ["@aws-sdk/*"],
        "KeepNames": "true",
        "SourcesContent": False,
        "Minify": True,
    }
    assert esbuild.options(given, "cjs", shrink=True) == {
        "format": "cjs",
        "mainFields": ["module", "main"],
        "loader": {".png": "file", ".txt": "text"},
        "define": {"A": "1"},
        "external": ["@aws-sdk/*"],
        "keepNames": True,
        "sourcesContent": False,
        "minify": True,
    }
    assert "minify" not in esbuild.options(given, "cjs", shrink=False)


def test_saves_of_one_length_in_a_row_are_all_served(
    project: Project, run: Run, node_modules: Path
) -> None:
    (project.folder / "node_modules").symlink_to(node_modules)
    project.write("app.ts", APP)
    write(project, "00")
    project.add(runtime="nodejs20.x")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            for number in range(30):
                write(project, f"{number:02}")
                assert await stub.ask({"name": "ana"}) == f"{number:02} ana!"

    run(scenario())
