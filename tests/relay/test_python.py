"""Python functions through the whole relay: protocol, pool, real processes."""

from relay_session import Project, Run
from samlive_relay.events import InvocationEnded, InvocationStarted


def test_a_function_answers_with_what_it_returned(project: Project, run: Run) -> None:
    project.write("app.py", "def handler(event, context):\n    return {'got': event['n'] + 1}\n")
    project.add()

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({"n": 1}) == {"got": 2}
            assert await stub.ask({"n": 2}) == {"got": 3}
            started = session.seen(InvocationStarted)
            assert [event.cold for event in started] == [True, False]
            ended = session.seen(InvocationEnded, status="ok")
            assert [event.function for event in ended] == ["Function", "Function"]

    run(scenario())
