"""Layers of the project: on the import path, and edited like any other source."""

import json
import shutil
import sys

import pytest

from relay_session import Project, Run

PYTHON = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages/"
APP = "import shared\n\n\ndef handler(event, context):\n    return shared.value\n"
NODE_APP = "const shared = require('shared');\nexports.handler = async () => shared.value;\n"

PLACES = {
    "python": ("python/shared.py", APP),
    "python package": ("python/shared/__init__.py", APP),
    "python site-packages": (f"python/{PYTHON}shared.py", APP),
    "nodejs": ("nodejs/node_modules/shared/index.js", NODE_APP),
    "nodejs of a version": ("nodejs/node20/node_modules/shared/index.js", NODE_APP),
}


def source(place: str, value: int) -> str:
    return f"value = {value}\n" if place.endswith(".py") else f"exports.value = {value};\n"


@pytest.mark.parametrize(
    ("case", "start"),
    [(case, "spawn") for case in PLACES]
    + [(case, "zygote") for case in PLACES if case.startswith("python")],
)
def test_an_edit_of_a_layer_shows_at_the_next_call(
    project: Project, run: Run, case: str, start: str
) -> None:
    place, app = PLACES[case]
    node = place.startswith("nodejs")
    if node and shutil.which("node") is None:
        pytest.skip("no node on the PATH")
    project.start = "" if node else start
    layer = project.folder / "layers" / "shared"
    file = layer / place
    file.parent.mkdir(parents=True)
    file.write_text(source(place, 1))
    project.write("app.js" if node else "app.py", app)
    project.add(layers=(layer,), runtime="nodejs20.x" if node else "python3.11")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == 1
            for value in (2, 3):
                file.write_text(source(place, value))
                assert await stub.ask({}) == value

    run(scenario())


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on the PATH")
def test_packages_that_npm_put_into_a_layer_are_not_looked_at(project: Project, run: Run) -> None:
    modules = project.folder / "layer" / "nodejs" / "node_modules"
    for name in ("shared", "@team/tools"):
        (modules / name).mkdir(parents=True)
        (modules / name / "index.js").write_text("exports.value = 1;\n")
    packages: dict[str, object] = {"node_modules/@team/tools": {}}
    (modules / ".package-lock.json").write_text(json.dumps({"packages": packages}))
    project.write(
        "app.js",
        "const own = require('shared'), tools = require('@team/tools');\n"
        "exports.handler = async () => own.value + tools.value;\n",
    )
    project.add(layers=(project.folder / "layer",), runtime="nodejs20.x")

    async def scenario() -> None:
        async with project.session() as session:
            assert await session.stub().ask({}) == 2
            (files,) = session.relay.pool.files.values()
            assert str(modules / "shared" / "index.js") in files
            assert str(modules / "@team" / "tools" / "index.js") not in files

    run(scenario())


def test_layers_that_were_fetched_are_imported_but_not_looked_at(
    project: Project, run: Run
) -> None:
    layer = project.folder.parent / "fetched"
    (layer / "python").mkdir(parents=True)
    (layer / "python" / "shared.py").write_text("value = 1\n")
    project.write("app.py", APP)
    project.add(layers=(layer,), fetched=(layer,))

    async def scenario() -> None:
        async with project.session() as session:
            assert await session.stub().ask({}) == 1
            (files,) = session.relay.pool.files.values()
            assert files == {str(project.code / "app.py")}

    run(scenario())
