"""Reads what a process writes, line by line, without a thread.

A process flushes before it answers, so whatever belongs to an invocation is in
the pipe when the answer arrives: `drain` then takes it all.
"""

import asyncio
import codecs
import os
import select
from collections.abc import Callable, Iterable

MAX_LINE = 256 * 1024
"""CloudWatch's limit of one log event; longer lines are cut into several.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""


class LineReader:
    """One pipe of a process.

    Args:
        descriptor: Read end; the reader owns it.
        on_line: Called with each line, without its end.
    """

    def __init__(self, descriptor: int, on_line: Callable[[str], None]) -> None:
        self._descriptor = descriptor
        self._on_line = on_line
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._loop = asyncio.get_running_loop()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._read)

    def drain(self) -> None:
        """Take everything that has been written so far."""
        while self._read():
            pass

    def close(self) -> None:
        """Take what is left and close the pipe."""
        self.drain()
        if self._descriptor >= 0:
            self._close()

    def _read(self) -> bool:
        if self._descriptor < 0:
            return False
        try:
            data = os.read(self._descriptor, 65536)
        except BlockingIOError:
            return False
        if not data:
            self._close()
            return False
        lines = (self._rest + self._decode(data)).split("\n")
        self._rest = lines.pop()
        for line in lines:
            self._emit(line.removesuffix("\r"))
        if len(self._rest) >= MAX_LINE:
            self._emit(self._rest)
            self._rest = ""
        return True

    def flush(self) -> None:
        """Emit a last line that has no end yet."""
        if self._rest:
            self._emit(self._rest)
            self._rest = ""

    def _emit(self, line: str) -> None:
        for start in range(0, len(line) or 1, MAX_LINE):
            self._on_line(line[start : start + MAX_LINE])

    def _close(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1
        self.flush()


def look(descriptors: Iterable[int]) -> Callable[[], object]:
    """Return what tells whether anything was written to some pipes, or they have ended.

    One look at all of them takes a fifth of trying to read each, and most functions
    write nothing at most calls.
    """
    if not hasattr(select, "poll"):
        return lambda: True
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return lambda: poll.poll(0)
