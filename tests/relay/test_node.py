"""Node.js functions through the whole relay."""

import shutil

import pytest

from relay_session import Project, Run

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="no node on the PATH")

FORMS = {
    "es module": ("app.mjs", "export const handler = async (event) => ({ got: event.n + 1 });"),
    "commonjs": ("app.js", "exports.handler = async (event) => ({ got: event.n + 1 });"),
    "callback": ("app.cjs", "exports.handler = (e, c, cb) => { cb(null, { got: e.n + 1 }); };"),
    "done": ("app.js", "exports.handler = (e, c) => { c.succeed({ got: e.n + 1 }); };"),
}


@pytest.mark.parametrize("form", FORMS)
def test_handlers_of_every_form_answer(project: Project, run: Run, form: str) -> None:
    name, text = FORMS[form]
    project.write(name, text)
    project.add(runtime="nodejs20.x")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({"n": 1}) == {"got": 2}
            assert await stub.ask({"n": 2}) == {"got": 3}

    run(scenario())
