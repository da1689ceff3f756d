"""The live loop: invoke, save → served, calls per second, payload sizes, also over a line.

    python benchmarks/loop.py [--parts invoke,saves,load,payloads,line] [--runs 3] …

What each part measures, against which floor, is said in `support/loop/`.
"""

from support.loop import invoke, line, load, payloads, saves
from support.processes import refuse_leftovers
from support.result import Result, arguments, shown

PARTS = ("invoke", "saves", "load", "payloads", "line")


def main() -> None:
    """Measure the parts that were asked for."""
    options = arguments(
        __doc__,
        choices={"parts": PARTS},
        calls=300,
        distant=60,
        saves=12,
        stale=1000,
        load=4000,
        largest=6 * 1024 * 1024,
    )
    refuse_leftovers()
    result = Result("loop", shown(options))
    if "invoke" in options.parts:
        invoke.measure(result, options.runs, options.calls, options.distant)
    if "saves" in options.parts:
        saves.measure(result, options.runs, options.saves, options.stale)
    if "load" in options.parts:
        load.measure(result, options.runs, options.load)
    if "payloads" in options.parts:
        payloads.measure(result, options.runs, options.largest)
    if "line" in options.parts:
        line.measure(result, options.runs, options.largest)
    result.finish(options.results)


if __name__ == "__main__":
    main()
