"""The sandbox's parts, without a cloud."""

import http.client
import io
import json
import os
import stat
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from samlive.offline import guard
from samlive.offline.groups import Groups
from samlive.offline.sandbox import failures, interpreters, streaming
from samlive.offline.sandbox.content import Content
from samlive.offline.sandbox.function import Answer, Function
from samlive.offline.sandbox.places import places
from samlive.offline.sandbox.pool import Pool
from samlive.offline.sandbox.process import Process, Start
from samlive.offline.sandbox.runtime_api import Invocation, Outcome, RuntimeApi

Client = http.client.HTTPConnection


def function(**other: object) -> Function:
    values: dict[str, object] = {
        "name": "f",
        "arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "version": "$LATEST",
        "package": "Zip",
        "runtime": "python3.11",
        "handler": "index.handler",
        "timeout": 3,
        "memory": 128,
        "region": "us-east-1",
        "account": "000000000000",
        "log_group": "/aws/lambda/f",
        "variables": {},
        "credentials": {},
        "code": b"",
        "code_sha": "1",
        "layers": (),
        **other,
    }
    return Function(**values)  # type: ignore[arg-type]


def archive(**entries: tuple[int, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        for name, (mode, data) in entries.items():
            entry = zipfile.ZipInfo(name.replace("__", "/"))
            entry.external_attr = mode << 16
            out.writestr(entry, data)
    return buffer.getvalue()


class TestProcess:
    def test_a_log_that_somebody_removes_says_nothing(self, tmp_path: Path) -> None:
        """`.samlive/` may go while a session runs, by `git clean` for one."""
        log, ended = tmp_path / "logs" / "f.log", threading.Event()
        groups = Groups(tmp_path / "private")
        try:
            command = [sys.executable, "-S", "-c", "print('one')"]
            start = Start(command, {}, tmp_path, log)
            process = Process(start, groups, lambda status: ended.set())
            assert ended.wait(60)
            assert (process.written(), process.log_since(0)) == (4, "one\n")
            log.unlink()
            log.parent.rmdir()
            assert (process.written(), process.log_since(0)) == (0, "")
        finally:
            groups.close()


class TestContent:
    @pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out"])
    def test_an_entry_outside_is_refused(self, tmp_path: Path, name: str) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as out:
            out.writestr(name, b"x")
        with pytest.raises(zipfile.BadZipFile, match="leaves the package"):
            Content(tmp_path).unpacked((buffer.getvalue(),))
        assert not (tmp_path / "content" / "out").exists()

    def test_a_link_outside_cannot_be_written_through(self, tmp_path: Path) -> None:
        target = tmp_path / "outside"
        target.mkdir()
        link = (stat.S_IFLNK | 0o777, str(target).encode())
        content = archive(link=link, link__file=(0o100644, b"x"))
        with pytest.raises(zipfile.BadZipFile, match="leaves the package"):
            Content(tmp_path).unpacked((content,))
        assert list(target.iterdir()) == []

    def test_modes_links_and_later_layers_count(self, tmp_path: Path) -> None:
        one = archive(run=(0o100755, b"1"), both=(0o100644, b"1"), modeless=(0, b"1"))
        two = archive(both=(0o100600, b"2"), link=(stat.S_IFLNK | 0o777, b"both"))
        folder = Content(tmp_path).unpacked((one, two))
        assert os.access(folder / "run", os.X_OK)
        assert (folder / "both").read_bytes() == b"2"
        assert (folder / "link").read_bytes() == b"2"
        assert (folder / "modeless").read_bytes() == b"1"

    def test_the_same_content_is_unpacked_once(self, tmp_path: Path) -> None:
        content = Content(tmp_path)
        zips = (archive(a=(0o100644, b"1")),)
        assert content.unpacked(zips) == content.unpacked(zips)
        assert content.unpacked(zips) != content.unpacked((*zips, *zips))


class TestRuntimeApi:
    @pytest.fixture
    def api(self) -> Iterator[RuntimeApi]:
        api = RuntimeApi()
        yield api
        api.close()

    @pytest.fixture
    def client(self, api: RuntimeApi) -> Iterator[Client]:
        host, port = api.address.split(":")
        connection = Client(host, int(port), timeout=60)
        yield connection
        connection.close()

    def ask(
        self,
        client: Client,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        client.request(
            method, "/2018-06-01/runtime/" + path, body, headers or {}, encode_chunked=True
        )
        reply = client.getresponse()
        return reply.status, reply.read()

    def running(self, api: RuntimeApi, client: Client) -> None:
        api.offer(Invocation("id-1", b'{"a":1}', (("Lambda-Runtime-Aws-Request-Id", "id-1"),)))
        assert self.ask(client, "GET", "invocation/next") == (200, b'{"a":1}')
        assert api.outcome.get(timeout=60) == Outcome("ready")

    def test_answers_to_nothing_are_refused(self, api: RuntimeApi, client: Client) -> None:
        self.running(api, client)
        assert self.ask(client, "POST", "invocation/id-2/response", b"1")[0] == 400
        assert self.ask(client, "POST", "invocation/id-2/error", b"1")[0] == 400
        assert self.ask(client, "GET", "nowhere")[0] == 404
        assert api.outcome.empty()

    def test_a_second_answer_is_refused(self, api: RuntimeApi, client: Client) -> None:
        self.running(api, client)
        assert self.ask(client, "POST", "invocation/id-1/response", b"1")[0] == 202
        assert self.ask(client, "POST", "invocation/id-1/response", b"2")[0] == 403
        assert self.ask(client, "POST", "invocation/id-1/error", b"3")[0] == 403
        assert api.outcome.get(timeout=60) == Outcome("response", b"1")
        assert api.outcome.empty()

    def test_six_megabytes_and_a_hundred_bytes_pass(self, api: RuntimeApi, client: Client) -> None:
        self.running(api, client)
        largest = b"1" * failures.MAX_RESPONSE_BYTES
        assert self.ask(client, "POST", "invocation/id-1/response", largest)[0] == 202
        assert api.outcome.get(timeout=60).body == largest

    def test_one_byte_more_does_not(self, api: RuntimeApi, client: Client) -> None:
        self.running(api, client)
        larger = b"1" * (failures.MAX_RESPONSE_BYTES + 1)
        status, reply = self.ask(client, "POST", "invocation/id-1/response", larger)
        assert status == 413
        assert json.loads(reply)["errorType"] == "RequestEntityTooLarge"
        found = api.outcome.get(timeout=60)
        assert found.kind == "error"
        assert json.loads(found.body)["errorType"] == "Function.ResponseSizeTooLarge"

    def test_chunks_are_put_together(self, api: RuntimeApi, client: Client) -> None:
        self.running(api, client)
        headers = {"Transfer-Encoding": "chunked"}
        parts = iter([b"[1,", b"2]"])
        assert self.ask(client, "POST", "invocation/id-1/response", parts, headers)[0] == 202
        assert api.outcome.get(timeout=60) == Outcome("response", b"[1,2]")

    def test_an_error_without_a_body_is_its_type(self, api: RuntimeApi, client: Client) -> None:
        headers = {"Lambda-Runtime-Function-Error-Type": "Runtime.Special"}
        assert self.ask(client, "POST", "init/error", b"", headers)[0] == 202
        found = api.outcome.get(timeout=60)
        assert found.kind == "init-error"
        assert json.loads(found.body)["errorType"] == "Runtime.Special"

    def test_close_frees_a_waiting_runtime(self, api: RuntimeApi, client: Client) -> None:
        failed: list[Exception] = []

        def wait() -> None:
            try:
                self.ask(client, "GET", "invocation/next")
            except (OSError, http.client.HTTPException) as error:
                failed.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert api.outcome.get(timeout=60) == Outcome("ready")
        api.close()
        waiting.join(60)
        assert failed


class TestStreaming:
    def test_other_content_is_left_alone(self) -> None:
        assert streaming.response_body({}, b"a" + bytes(8) + b"b") == b"a" + bytes(8) + b"b"

    def test_binary_content_is_encoded(self) -> None:
        headers = {"content-type": streaming.CONTENT_TYPE}
        body = streaming.response_body(headers, b'{"statusCode":404}' + bytes(8) + b"\xff")
        assert json.loads(body) == {"statusCode": 404, "body": "/w==", "isBase64Encoded": True}


class TestInterpreters:
    @pytest.mark.parametrize(
        ("other", "text"),
        [
            pytest.param({"package": "Image"}, "container images", id="image"),
            pytest.param({"runtime": "java21"}, "does not run java21", id="java"),
            pytest.param({"runtime": "provided.al2023"}, r"valid bootstrap\(s\)", id="provided"),
            pytest.param(
                {"variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/none"}},
                "/opt/none: does not exist",
                id="wrapper",
            ),
        ],
    )
    def test_what_cannot_run_is_refused(
        self, tmp_path: Path, other: dict[str, object], text: str
    ) -> None:
        where = places("relocated", tmp_path, tmp_path, tmp_path, tmp_path)
        with pytest.raises(interpreters.NoEntryPointError, match=text):
            interpreters.command(function(**other), where, tmp_path, tmp_path)

    def test_a_python_is_taken_from_the_path_when_it_is_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for version, answer in (("3.97", "3.97 /the/one"), ("3.98", "3.11 /another"), ("3.9", "")):
            script = tmp_path / f"python{version}"
            script.write_text(f"#!/bin/sh\necho {answer}\n")
            script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        own = os.path.realpath(sys.executable)
        assert interpreters.python("3.97") == "/the/one"
        for version in ("3.98", "3.9", "3.99"):
            assert os.path.realpath(interpreters.python(version)) == own

    def test_a_bootstrap_of_the_code_wins_over_one_of_a_layer(self, tmp_path: Path) -> None:
        task, opt = tmp_path / "task", tmp_path / "opt"
        for folder in (opt, task):
            folder.mkdir()
            (folder / "bootstrap").touch()
        where = places("relocated", task, opt, tmp_path, tmp_path)
        provided = function(runtime="provided.al2023")
        assert interpreters.command(provided, where, task, opt) == [str(task / "bootstrap")]
        (task / "bootstrap").unlink()
        assert interpreters.command(provided, where, task, opt) == [str(opt / "bootstrap")]

    def test_a_wrapper_is_no_matter_of_the_provided_runtimes(self, tmp_path: Path) -> None:
        (tmp_path / "bootstrap").touch()
        where = places("relocated", tmp_path, tmp_path, tmp_path, tmp_path)
        wrapped = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/none"}
        provided = function(runtime="provided.al2023", variables=wrapped)
        command = interpreters.command(provided, where, tmp_path, tmp_path)
        assert command == [str(tmp_path / "bootstrap")]


class Fake:
    """An environment whose init ends as told."""

    def __init__(self, wanted: Function, outcome: Outcome | None) -> None:
        self.function = wanted
        self.stream = "s"
        self.used_at = 0.0
        self.pid = 1
        self.stopped = False
        self._outcome = outcome

    def ready(self, seconds: float) -> Outcome | None:
        return self._outcome

    def invoke(
        self, request_id: str, event: bytes, trace: str, sink: streaming.Sink | None = None
    ) -> Answer:
        return Answer(event, alive=event != b"die")

    def log(self) -> str:
        return "log\n"

    def stop(self) -> None:
        self.stopped = True


class TestPool:
    def pool(self, *outcomes: Outcome | None) -> tuple[Pool, list[Fake]]:
        made: list[Fake] = []

        def make(wanted: Function) -> Fake:
            made.append(Fake(wanted, outcomes[min(len(made), len(outcomes) - 1)]))
            return made[-1]

        return Pool(make), made

    def test_an_init_that_fails_twice_is_the_answer(self) -> None:
        pool, made = self.pool(Outcome("init-error", b"first"), Outcome("init-error", b"second"))
        answer = pool.execute(function(), b"1", "id", "")
        assert (answer.body, answer.error, answer.log) == (b"second", True, "log\nlog\n")
        assert [fake.stopped for fake in made] == [True, True]

    def test_an_init_that_fails_once_is_forgiven(self) -> None:
        pool, made = self.pool(None, Outcome("ready"))
        assert pool.execute(function(), b"1", "id", "").body == b"1"
        assert [fake.stopped for fake in made] == [True, False]

    def test_an_init_that_never_ends_is_a_timeout(self) -> None:
        pool, _ = self.pool(None)
        answer = pool.execute(function(), b"1", "id", "")
        assert json.loads(answer.body)["errorType"] == "Sandbox.Timedout"

    def test_an_environment_that_died_is_not_used_again(self) -> None:
        pool, made = self.pool(Outcome("ready"))
        pool.execute(function(), b"die", "id", "")
        pool.execute(function(), b"1", "id", "")
        pool.execute(function(), b"1", "id", "")
        assert [fake.stopped for fake in made] == [True, False]

    def test_a_changed_function_ends_its_idle_environments(self) -> None:
        pool, made = self.pool(Outcome("ready"))
        pool.execute(function(), b"1", "id", "")
        pool.execute(function(code_sha="2"), b"1", "id", "")
        assert [fake.stopped for fake in made] == [True, False]

    def test_idle_environments_are_reaped(self) -> None:
        pool, made = self.pool(Outcome("ready"))
        pool.execute(function(), b"1", "id", "")
        pool.reap()
        assert made[0].stopped
        assert pool.describe() == []

    def test_close_ends_all(self) -> None:
        pool, made = self.pool(Outcome("ready"))
        pool.execute(function(), b"1", "id", "")
        pool.close()
        assert made[0].stopped


def test_the_guard_knows_what_was_not_ended() -> None:
    assert guard.groups_left(["+1\n", "+2\n", "-1\n", "+3\n", "+3\n"]) == {2, 3}
