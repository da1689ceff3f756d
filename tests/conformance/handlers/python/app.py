"""What the conformance suite's events ask for, by name."""

import collections
import datetime
import decimal
import enum
import logging
import os
import sys
import uuid

Point = collections.namedtuple("Point", "x y")
log = logging.getLogger("orders")


class Colour(str, enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    BIG = 3


class OutOfStock(Exception):
    def __str__(self):
        return "nothing\nleft é"


class Dressed:
    def for_json(self):
        return {"dressed": True}


class AsDict:
    def _asdict(self):
        return {"asdict": True}


def circular():
    found = []
    found.append(found)
    return found


def deep():
    found = []
    for _ in range(100_000):
        found = [found]
    return found


ANSWERS = {
    "none": lambda: None,
    "text": lambda: "plain",
    "unicode": lambda: "é \u2028 \U0001f389 \x7f \x00 <>&'\"\\/",
    "half a surrogate pair": lambda: "\ud800",
    "numbers": lambda: [0, -1, 2**70, 1.0, 1e16, 1e-7, 0.1 + 0.2, True, False],
    "not numbers": lambda: [float("nan"), float("inf"), -float("inf")],
    "decimals": lambda: [decimal.Decimal("1.10"), decimal.Decimal("1E+2"), decimal.Decimal("-0")],
    "decimal that is no number": lambda: decimal.Decimal("NaN"),
    "infinite decimal": lambda: decimal.Decimal("Infinity"),
    "bytes": lambda: b'{"raw": \xc3\xa9}',
    "bytes within": lambda: {"b": b"caf\xc3\xa9"},
    "bytes that are not text": lambda: {"b": b"\xff"},
    "tuple": lambda: (1, (2, 3)),
    "namedtuple": lambda: Point(1, 2),
    "namedtuple within": lambda: {"at": [Point(1, 2)]},
    "asdict method": lambda: AsDict(),
    "for_json method": lambda: Dressed(),
    "enums": lambda: [Colour.RED, Size.BIG, {Colour.RED: Size.BIG}],
    "odd keys": lambda: [{1: "int", 1.5: "float", None: "none"}, {True: "bool"}],
    "bytes as key": lambda: {b"k": 1},
    "decimal as key": lambda: {decimal.Decimal("1.5"): 1},
    "tuple as key": lambda: {(1, 2): 1},
    "ordered": lambda: collections.OrderedDict([("b", 1), ("a", 2)]),
    "defaultdict": lambda: collections.defaultdict(list, a=[1]),
    "set": lambda: {1},
    "datetime": lambda: datetime.datetime(2026, 1, 1),
    "uuid": lambda: {"id": uuid.UUID(int=1)},
    "generator": lambda: (x for x in "ab"),
    "object": lambda: object(),
    "circular": circular,
    "very deep": deep,
}


def raises():
    raise ValueError("no stock")


def chained():
    try:
        {}["key"]
    except KeyError as problem:
        raise OutOfStock from problem


def recursion():
    return recursion()


ERRORS = {
    "exception": raises,
    "key error": lambda: {}["key"],
    "chained": chained,
    "no message": lambda: (_ for _ in ()).throw(RuntimeError()),
    "recursion": recursion,
    "group": lambda: (_ for _ in ()).throw(ExceptionGroup("many", [ValueError("one")])),
    "exit": lambda: sys.exit(3),
    "exit with text": lambda: sys.exit("sorry"),
    "interrupt": lambda: (_ for _ in ()).throw(KeyboardInterrupt()),
    "hard exit": lambda: os._exit(4),
}


def fields_of(thing):
    if hasattr(thing, "__slots__"):
        return {name: fields_of(getattr(thing, name)) for name in sorted(thing.__slots__)}
    return thing


def describe(context):
    left = context.get_remaining_time_in_millis()
    found = {name: fields_of(value) for name, value in vars(context).items()}
    assert 0 < left <= 100_000 and isinstance(left, int)
    return {name: value for name, value in found.items() if not name.startswith("_")}


def levels():
    for name in ("debug", "info", "warning", "error", "critical"):
        getattr(log, name)("%s of %d", name, 2)


def traceback():
    try:
        raises()
    except ValueError:
        log.exception("while %s", "packing")


LOGS = {
    "print": lambda context: print("one\ntwo", "é"),
    "print without end": lambda context: print("tail", end=""),
    "standard error": lambda context: print("oops", file=sys.stderr),
    "every level": lambda context: log.setLevel("DEBUG") or levels(),
    "levels as they are": lambda context: levels(),
    "lines": lambda context: log.warning("two\nlines"),
    "traceback": lambda context: traceback(),
    "extra": lambda context: log.warning("packed", extra={"order": 7, "at": decimal.Decimal(1)}),
    "object": lambda context: log.warning({"order": 7}),
    "object with arguments": lambda context: log.warning("%(a)s", {"a": 1}),
    "own level": lambda context: log.log(25, "notice"),
    "of the context": lambda context: context.log("told\n"),
    "root": lambda context: logging.warning("root"),
}


OF_THE_CLIENT = {"AWS_LAMBDA_RUNTIME_API", "PYTHONPATH"}


def look_around(context):
    root = logging.getLogger()
    return {
        "level": root.level,
        "handlers": len(root.handlers),
        "cwd": os.getcwd(),
        "variables": {
            name: value for name, value in sorted(os.environ.items()) if name not in OF_THE_CLIENT
        },
        "first on path": sys.path[0],
        "module": __name__,
        "file": __file__,
    }


def handler(event, context):
    if not isinstance(event, dict) or "ask" not in event:
        return {"got": repr(event)}
    kind, name = event["ask"]
    if kind == "answer":
        return ANSWERS[name]()
    if kind == "error":
        return ERRORS[name]()
    if kind == "log":
        return LOGS[name](context)
    if kind == "context":
        return describe(context) if name == "fields" else repr(context).split("client_context")[0]
    return look_around(context)
