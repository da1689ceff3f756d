"""Ruby functions: handler strings, errors, context, gems; by our own runner."""

import shutil
import stat
from pathlib import Path

import pytest

from relay_session import Project, Run
from samlive_relay.events import LogLine
from samlive_relay.workers import ruby

pytestmark = pytest.mark.skipif(shutil.which("ruby") is None, reason="no ruby on the PATH")

APP = """
require 'json'
module Shop
  class Tea
    def self.pour(event:, context:)
      { cups: event['cups'] + 1, name: context.function_name }
    end
  end
end

class NoTea < StandardError; end

def echo(event:, context:)
  puts "heard #{event}"
  event
end

def about(event:, context:)
  [context.aws_request_id, context.invoked_function_arn, context.memory_limit_in_mb,
   context.get_remaining_time_in_millis, context.client_context, context.identity,
   ENV['_X_AMZN_TRACE_ID'], ENV['AWS_SESSION_TOKEN'], ENV['IS_LOCAL']]
end

def fail_with(event:, context:)
  raise NoTea, 'cold'
end

def wrong(event:, context:)
  nobody
end

def count(event:, context:)
  $count = ($count || 0) + 1
end

def leave(event:, context:)
  exit! 3
end
"""


@pytest.mark.parametrize(
    ("handler", "code", "kind", "text"),
    [
        ("app", APP, "Init<ArgumentError>", "must be of form FILENAME.METHOD"),
        ("none.go", APP, "Init<LoadError>", "cannot load such file"),
        ("app.Nobody.go", APP, "Init<NameError>", "Nobody"),
        ("app.nope", APP, "Function<NoMethodError>", "undefined method `nope' for main"),
        ("app.echo", "def echo(event:\n", "Init<SyntaxError>", "app.rb:"),
        ("app.echo", "raise 'at once'\n", "Init<RuntimeError>", "at once"),
    ],
)
def test_what_cannot_start_is_answered(
    project: Project, run: Run, handler: str, code: str, kind: str, text: str
) -> None:
    project.write("app.rb", code)
    project.add(runtime="ruby3.3", handler=handler)

    async def scenario() -> None:
        async with project.session() as session:
            error = await session.stub().fail({})
            assert error["errorType"] == kind
            assert text in error["errorMessage"]

    run(scenario())


def test_a_syntax_error_recovers_on_the_next_save(project: Project, run: Run) -> None:
    path = project.write("app.rb", "def go(event:\n")
    project.add(runtime="ruby3.3", handler="app.go")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            await stub.fail({})
            path.write_text("def go(event:, context:)\n  'good'\nend\n")
            assert await stub.ask({}) == "good"

    run(scenario())


def test_handlers_of_every_form_answer(project: Project, run: Run) -> None:
    project.write("lib/app.rb", APP)
    for handler in ("lib/app.echo", "lib/app.Shop::Tea.pour", "lib/app.count"):
        project.add(handler, runtime="ruby3.3", handler=handler)

    async def scenario() -> None:
        async with project.session() as session:
            event = {"é": ["\u2028", 1.5, None, 2**60]}
            assert await session.stub("lib/app.echo").ask(event) == event
            assert [line for line in session.seen(LogLine) if "heard" in line.text]
            tea = session.stub("lib/app.Shop::Tea.pour", AWS_LAMBDA_FUNCTION_NAME="tea")
            assert await tea.ask({"cups": 1}) == {"cups": 2, "name": "tea"}
            stub = session.stub("lib/app.count")
            assert [await stub.ask({}) for _ in range(2)] == [1, 2]

    run(scenario())


def test_errors_exits_and_context_are_lambdas(project: Project, run: Run) -> None:
    project.write("app.rb", APP)
    for name in ("fail_with", "wrong", "leave", "about"):
        project.add(name, runtime="ruby3.3", handler=f"app.{name}")

    async def scenario() -> None:
        async with project.session() as session:
            error = await session.stub("fail_with").fail({})
            assert error["errorMessage"] == "cold"
            assert error["errorType"] == "Function<NoTea>"
            assert error["stackTrace"][0].endswith("app.rb:25:in `fail_with'")
            assert len(error["stackTrace"]) == 1
            stub = session.stub("wrong")
            assert (await stub.fail({}))["errorType"] == "Function<NameError>"
            error = await session.stub("leave").fail({})
            assert (error["errorType"], "exit status 3" in error["errorMessage"]) == (
                "Runtime.ExitError",
                True,
            )
            stub = session.stub("about", AWS_SESSION_TOKEN="role")
            fields = {"invoked-function-arn": "arn:tea", "client-context": '{"a": 1}'}
            fields |= {"cognito-identity": '{"b": 2}', "trace-id": "Root=1"}
            about = await stub.ask({}, **fields)
            assert about[1:3] == ["arn:tea", "128"]
            assert 0 < about[3] <= 900_000
            assert about[4:] == [{"a": 1}, {"b": 2}, "Root=1", "role", "true"]

    run(scenario())


def test_gems_are_those_of_the_gemfile(project: Project, run: Run) -> None:
    project.write("app.rb", "def go(event:, context:)\n  defined?(Bundler)\nend\n")
    path = project.write("Gemfile", 'source "https://rubygems.org"\n')
    project.add(runtime="ruby3.3", handler="app.go")

    async def scenario() -> None:
        async with project.session() as session:
            stub = session.stub()
            assert await stub.ask({}) == "constant"
            path.write_text('source "https://rubygems.org"\ngem "no-such-tea"\n')
            error = await stub.fail({})
            assert "no-such-tea" in error["errorMessage"]
            path.write_text('source "https://rubygems.org"\n')
            assert await stub.ask({}) == "constant"

    run(scenario())


def test_where_a_version_manager_keeps_gems_is_passed_on(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    gem = project.folder / "gems" / "gems" / "tea-1.0" / "lib"
    gem.mkdir(parents=True)
    (gem / "tea.rb").write_text("TEA = 'from a gem'\n")
    (project.folder / "gems" / "specifications").mkdir()
    (project.folder / "gems" / "specifications" / "tea-1.0.gemspec").write_text(
        "Gem::Specification.new { |s| s.name = 'tea'; s.version = '1.0' }\n"
    )
    monkeypatch.setenv("GEM_HOME", str(project.folder / "gems"))
    project.write("app.rb", "require 'tea'\ndef go(event:, context:)\n  TEA\nend\n")
    project.add(runtime="ruby3.3", handler="app.go")

    async def scenario() -> None:
        async with project.session() as session:
            assert await session.stub().ask({}) == "from a gem"

    run(scenario())


def test_awss_own_client_runs_it_when_the_gem_is_there(
    project: Project, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "ruby").write_text("#!/bin/sh\nprintf '3.3.1true'\n")
    (bin / "aws_lambda_ric").write_text("")
    for program in bin.iterdir():
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    function = project.add(runtime="ruby3.3", handler="app.go")

    async def scenario() -> None:
        found = await ruby.command(function, {"PATH": str(bin)})
        assert found == (str(bin / "ruby"), str(bin / "aws_lambda_ric"), "app.go")
        assert await ruby.mismatch(function, {"PATH": str(bin)}) == ""

    run(scenario())
