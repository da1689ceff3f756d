"""What breaks, what must hold, and the tests that break it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table.

    Args:
        title: What breaks.
        holds: What must hold all the same.
        tests: Files of tests, relative to the checkout.
    """

    title: str
    holds: str
    tests: tuple[str, ...]


CASES = {
    "packets": Case(
        "1 % of packets dropped, 1 % repeated, 5 % overtaken; many calls under way",
        "each call gets its own answer, no handler runs twice",
        ("tests/faults/test_deliveries.py",),
    ),
    "payloads": Case(
        "payloads of 1 byte to 6 MB, of every kind, both ways",
        "byte-identical; above the limit Lambda's error",
        ("tests/faults/test_payloads.py", "tests/e2e/test_payloads.py"),
    ),
    "breakdowns": Case(
        "broker restarted, relay killed, worker killed, stub frozen, machine asleep; all mid-call",
        "answered, or the exact error, as soon as that is certain",
        ("tests/faults/test_breakdowns.py",),
    ),
    "functions": Case(
        "exit, syntax error, unknown handler, import error, exception, answer that is no JSON",
        "the error AWS gives, with file and line",
        ("tests/faults/test_function_errors.py",),
    ),
    "nobody": Case(
        "no developer: API call, queue, stream, asynchronous event, custom resource",
        "503, kept, retried, retried, FAILED with the reason; nothing consumed",
        ("tests/e2e/test_nobody.py",),
    ),
    "day": Case(
        "a day of broken connections and expired credentials, in minutes",
        "memory, descriptors and processes do not grow",
        ("tests/faults/test_soak.py", "tests/faults/test_credentials.py"),
    ),
    "forgery": Case(
        "packets forged, replayed, cut, spoiled, oversized, of another stage",
        "refused, without effect, in bounded memory",
        ("tests/faults/test_forgery.py", "tests/stub_layer/test_crowd.py"),
    ),
    "stages": Case(
        "a function of another stage; all of IoT's permissions without the key",
        "learns nothing, changes nothing",
        ("tests/faults/test_stages.py",),
    ),
}
