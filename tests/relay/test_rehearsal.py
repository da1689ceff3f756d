"""What a waiting process does ahead must not show: not in its state, not in later clients."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import samlive_relay

RUNNERS = Path(samlive_relay.__file__).parent / "runners" / "python"
RECORDED = [
    ["load_service_model", "dynamodb", "resources-1", None],
    ["load_service_model", "dynamodb", "service-2", "api_version", "2012-08-10"],
    ["load_service_model", "s3", "service-2", "api_version", None],
    ["load_service_model", "no-such-service", "service-2", "api_version", None],
]

FORKING = f"""
import gc, json, logging, os, sys, threading, warnings
sys.path.insert(0, {str(RUNNERS)!r})
import boto3, botocore.hooks
from samlive_runner import botocore_answers, botocore_loader, rehearsal
KEYS = dict(aws_access_key_id="AKID", aws_secret_access_key="secret", region_name="eu-west-1")
RECORDED = {RECORDED!r}
def ahead():
    botocore_loader.share()
    botocore_loader.repeat(RECORDED)
    end = botocore_answers.remember()
    rehearsal.rehearse_clients(RECORDED)
    end()
    rehearsal.rehearse_life()
    rehearsal.rehearse_clients(RECORDED)
def answer(value):
    print(json.dumps(value), flush=True)
if sys.argv[1] == "ahead":
    ahead()
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        exec(json.loads(line), globals())
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        sys.exit("failed")
"""
"""A process in which code runs as in a zygote's children: one fork each."""

Answer = Callable[[str], Any]


def _forking(mode: str) -> Iterator[Answer]:
    command = [sys.executable, "-c", FORKING, mode]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        source, answers = process.stdin, process.stdout

        def ask(code: str) -> Any:
            source.write(json.dumps(code) + "\n")
            source.flush()
            line = answers.readline()
            assert line, "the code has failed: see the captured stderr"
            return json.loads(line)

        yield ask
        source.close()


@pytest.fixture(scope="module")
def fresh() -> Iterator[Answer]:
    """Runs code in a process that has imported boto3 and nothing more."""
    yield from _forking("fresh")


@pytest.fixture(scope="module")
def after() -> Iterator[Answer]:
    """Runs code in a process that has rehearsed."""
    yield from _forking("ahead")


CLIENTS = """
def registered(client):
    found = []
    def walk(node, path):
        for group in node["values"] or ():
            names = (getattr(each, "__qualname__", type(each).__name__) for each in group)
            found.append([path, sorted(names)])
        for part, child in node["children"].items():
            walk(child, path + [part])
    walk(client.meta.events._emitter._handlers._root, [])
    return sorted(found)

def endpoint(session, region, **options):
    from botocore.config import Config
    config = Config(signature_version=botocore.UNSIGNED, s3=options)
    client = session.client("s3", region_name=region, config=config)
    try:
        arn = "arn:aws:s3:eu-west-1:123456789012:accesspoint/mine"
        return [
            client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
            for bucket in ("my-bucket", "my.bucket", arn)
        ]
    except Exception as problem:
        return [type(problem).__name__, str(problem)]

def picture():
    session = boto3.Session(**KEYS)
    result = {}
    for service in ("s3", "dynamodb", "sqs"):
        client = session.client(service)
        result[service] = {
            "class": [type(client).__name__, [base.__name__ for base in type(client).__mro__]],
            "attributes": sorted(dir(client)),
            "operations": client.meta.method_to_api_mapping,
            "exceptions": sorted(dir(client.exceptions)),
            "handlers": registered(client),
            "endpoint": client.meta.endpoint_url,
            "agent": client.meta.config.user_agent,
        }
    table = session.resource("dynamodb").Table("orders")
    result["table"] = [type(table).__name__, sorted(dir(table)), registered(table.meta.client)]
    result["documentation"] = session.client("s3").get_object.__doc__.__str__()[:5000]
    result["urls"] = [
        endpoint(session, "eu-west-1"),
        endpoint(session, "us-gov-west-1", use_dualstack_endpoint=True),
        endpoint(session, "cn-north-1", addressing_style="path"),
        endpoint(session, "us-east-1", use_accelerate_endpoint=True),
    ]
    first, second = session.client("s3"), session.client("s3")
    result["apart"] = [type(first) is type(second), first.exceptions is second.exceptions]
    return result
"""


def test_clients_are_what_a_fresh_process_makes(fresh: Answer, after: Answer) -> None:
    expected = fresh(CLIENTS + "answer(picture())")
    assert after(CLIENTS + "answer(picture())") == expected
    assert expected["apart"] == [False, True]
    assert len(expected["s3"]["handlers"]) > 50


def test_nothing_is_left_but_modules_and_answers(fresh: Answer) -> None:
    code = """
import logging
def state():
    gc.collect()
    kinds = ("BaseClient", "Session", "Credentials", "URLLib3Session", "SSLContext", "Thing")
    names = ("boto3.resources.base", "botocore.client", "boto3.session", "botocore.session")
    living = [
        type(each).__name__ for each in gc.get_objects()
        if kinds_of(type(each)) & set(kinds) or type(each).__module__ in names
    ]
    return dict(
        living=sorted(living), environment=dict(os.environ), path=list(sys.path),
        hooks=list(map(str, sys.path_hooks)), cached=list(map(str, sys.path_importer_cache)),
        folder=os.getcwd(), threads=threading.active_count(), default=str(boto3.DEFAULT_SESSION),
        handlers=[str(each) for each in logging.getLogger().handlers],
        filters=[str(each) for each in warnings.filters], gc=gc.isenabled(),
        ours=[name for name in sys.modules if "rehearsed" in name],
        descriptors=sorted(os.listdir("/dev/fd")),
        once=len(getattr(boto3.compat, "__warningregistry__", {})),
    )
def kinds_of(kind):
    return {base.__name__ for base in type.mro(kind)} if kind is not type else set()
before = state()
ahead()
answer([before, state()])
"""
    before, later = fresh(code)
    new = set(later.pop("cached")) - set(before.pop("cached"))
    assert not any("rehearsed" in path for path in new)
    assert later == before
    assert later["living"] == []


def test_a_configuration_of_the_developer_is_not_read(fresh: Answer, tmp_path: Path) -> None:
    code = f"""
os.environ["HOME"] = {str(tmp_path)!r}
os.environ["AWS_CONFIG_FILE"] = {str(tmp_path / "config")!r}
opened = []
sys.addaudithook(lambda event, about: opened.append(str(about[0])) if event == "open" else None)
ahead()
answer([opened, os.environ["AWS_CONFIG_FILE"]])
"""
    (tmp_path / "config").write_text("[default]\nregion = mars-1\n")
    opened, told = fresh(code)
    assert opened, "the rehearsal reads models"
    assert not any(str(tmp_path) in path for path in opened)
    assert told == str(tmp_path / "config")


def test_no_connection_is_opened(fresh: Answer) -> None:
    code = """
events = []
sys.addaudithook(lambda event, about: events.append(event) if event.startswith("socket.") else None)
ahead()
answer(events)
"""
    assert not {"socket.connect", "socket.getaddrinfo", "socket.bind"} & set(fresh(code))


def test_a_handler_of_one_session_is_not_heard_in_another(after: Answer) -> None:
    code = """
heard = []
def listen(event_name, **kwargs):
    heard.append(event_name)
one, other = boto3.Session(**KEYS), boto3.Session(**KEYS)
one.events.register("creating-client-class.s3", listen)
one.events.register("provide-client-params.s3.GetObject", listen)
def sign(session):
    client = session.client("s3")
    client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
sign(other)
silent = list(heard)
sign(one)
answer([silent, heard])
"""
    silent, heard = after(code)
    assert silent == []
    assert heard == ["creating-client-class.s3", "provide-client-params.s3.GetObject"]


def test_classes_of_clients_can_be_customised_as_ever(after: Answer) -> None:
    code = """
def add(class_attributes, base_classes, **kwargs):
    class_attributes["shout"] = lambda self: "loud"
    class Base:
        def whisper(self):
            return "soft"
    base_classes.insert(0, Base)
session = boto3.Session(**KEYS)
session.events.register("creating-client-class.dynamodb", add)
mine, others = session.client("dynamodb"), boto3.Session(**KEYS).client("dynamodb")
answer([mine.shout(), mine.whisper(), hasattr(others, "shout")])
"""
    assert after(code) == ["loud", "soft", False]


def test_a_handler_without_keywords_is_refused_as_ever(after: Answer) -> None:
    code = """
def deaf(event_name): pass
def deaf_too(params): pass
refused = []
for handler in (deaf, deaf_too, lambda: None):
    try:
        boto3.Session(**KEYS).events.register("before-call.s3", handler)
    except ValueError as problem:
        refused.append(str(problem).split("must")[1])
answer(refused)
"""
    assert after(code) == [" accept keyword arguments (**kwargs)"] * 3


EAR = """
said = []
class Ear(logging.Handler):
    def emit(self, record):
        said.append(record.getMessage())
log = logging.getLogger("botocore.hooks")
log.setLevel(logging.DEBUG)
log.addHandler(Ear())
"""
"""Hears what botocore's hooks log."""


def test_old_names_of_events_are_replaced_and_logged_as_ever(after: Answer) -> None:
    code = (
        EAR
        + """
events = boto3.Session(**KEYS).events
said.clear()
heard = []
def listen(event_name, **kwargs):
    heard.append(event_name)
old, new = next(iter(botocore.hooks.EVENT_ALIASES.items()))
events.register(f"anything.{old}.happens", listen)
events.emit(f"anything.{new}.happens")
events.emit(f"anything.{old}.happens")
answer([heard, f"anything.{new}.happens", said])
"""
    )
    heard, new, said = after(code)
    assert heard == [new, new]
    assert len([text for text in said if "Changing event name" in text]) == 1


def test_an_aliaser_with_names_of_its_own_learns_nothing_of_botocores(after: Answer) -> None:
    code = """
import botocore.handlers
known = [each[0] for each in botocore.handlers.BUILTIN_HANDLERS if "s3" in each[0].split(".")]
aliaser = botocore.hooks.EventAliaser(botocore.hooks.HierarchicalEmitter(), {"s3": "moved"})
answer([aliaser._alias_event_name(name).split(".").count("moved") for name in known])
"""
    assert set(after(code)) == {1}


def test_making_a_client_is_logged_as_ever(fresh: Answer, after: Answer) -> None:
    code = (
        EAR
        + """
boto3.Session(**KEYS).client("s3")
answer([text.partition(" at 0x")[0] for text in said])
"""
    )
    said = fresh(code)
    assert any("Changing event name" in text for text in said)
    assert after(code) == said


@pytest.mark.parametrize(
    "missing", ["hooks.EVENT_ALIASES", "hooks.accepts_kwargs", "endpoint_provider.RuleCreator"]
)
def test_another_version_of_botocore_is_left_as_it_is(fresh: Answer, missing: str) -> None:
    module, name = missing.split(".")
    code = f"""
import types
real = sys.modules["botocore.{module}"]
other = types.ModuleType("other")
vars(other).update({{key: value for key, value in vars(real).items() if key != {name!r}}})
sys.modules["botocore.{module}"] = other
end = botocore_answers.remember()
end()
sys.modules["botocore.{module}"] = real
answer(boto3.Session(**KEYS).client("s3").meta.endpoint_url)
"""
    assert fresh(code) == "https://s3.eu-west-1.amazonaws.com"


def test_without_botocore_there_is_nothing_to_rehearse() -> None:
    code = f"""
import json, sys
sys.path.insert(0, {str(RUNNERS)!r})
from samlive_runner import botocore_answers, rehearsal
before = set(sys.modules)
end = botocore_answers.remember()
rehearsal.rehearse_clients([["load_service_model", "s3", "service-2", None]])
end()
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_a_rehearsal_ends_when_the_environment_comes(fresh: Answer) -> None:
    code = """
botocore_loader.share()
botocore_loader.repeat(RECORDED)
made = []
make = boto3.Session.client
def client(self, service, **named):
    made.append(service)
    return make(self, service, **named)
boto3.Session.client = client
rehearsal.rehearse_clients(RECORDED, lambda: bool(made))
answer(made)
"""
    assert fresh(code) == ["dynamodb"]


def test_a_package_that_clients_break_is_left_to_the_function(fresh: Answer) -> None:
    code = """
def broken(*args, **named):
    raise SystemError("no clients today")
boto3.session.Session.client = broken
rehearsal.rehearse_clients(RECORDED)
boto3.session.Session = broken
rehearsal.rehearse_clients(RECORDED)
answer("AWS_CONFIG_FILE" in os.environ)
"""
    assert fresh(code) is False


def test_it_is_tried_where_it_does_no_harm(fresh: Answer) -> None:
    code = """
import types
botocore_loader.share()
botocore_loader.repeat(RECORDED)
tried = [rehearsal.trial(RECORDED) or [], rehearsal.trial([])]
make = boto3.session.Session.client
def attempt(harm):
    def client(self, service, **named):
        harm()
        return make(self, service, **named)
    boto3.session.Session.client = client
    return rehearsal.trial(RECORDED)
def thread():
    threading.Thread(target=threading.Event().wait, daemon=True).start()
def strange():
    sys.modules["left.out"] = types.ModuleType("left.out")
def more():
    sys.modules["boto3.more"] = types.ModuleType("boto3.more")
harms = thread, strange, lambda: os._exit(0), lambda: sys.exit(3), lambda: os.kill(os.getpid(), 9)
answer([tried, [attempt(each) for each in harms], "boto3.more" in attempt(more)])
"""
    (late, nothing), harmful, known = fresh(code)
    assert "boto3.s3.inject" in late
    assert nothing == []
    assert harmful == [None] * 5
    assert known
