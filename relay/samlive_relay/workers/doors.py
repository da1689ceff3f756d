"""Ports of loopback that let in the user's own processes only.

Some runtime interface clients take AWS_LAMBDA_RUNTIME_API for "host:port" and
cannot carry a token in the path: AWS's for Node.js refuses to start, AWS's for
Python cannot report an error of its initialisation. Such a process gets a port
of its own instead. What a token keeps out is kept out by the kernel's word on
whose socket is at the other end (`/proc/net/tcp`); where there is no such word,
there is no such door.
"""

import os
import sys
from pathlib import Path

_TABLE = Path("/proc/net/tcp")
AVAILABLE = _TABLE.is_file()
"""Whether this system can tell."""


def owner(peer: tuple[str, int], here: tuple[str, int]) -> int | None:
    """Return the user id at the other end of a loopback connection; None when unknown.

    Args:
        peer: Address of the other end.
        here: Our address.
    """
    wanted = [_written(peer), _written(here)]
    for line in _TABLE.read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1:3] == wanted:
            return int(fields[7])
    return None


def is_own(peer: tuple[str, int], here: tuple[str, int]) -> bool:
    """Tell whether a connection comes from a process of this user."""
    return owner(peer, here) == os.getuid()


def _written(address: tuple[str, int]) -> str:
    """Return an address as the kernel's table has it: bytes of the host as one number, port.

    https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html
    """
    host, port = address
    number = bytes(map(int, host.split(".")))
    return f"{int.from_bytes(number, sys.byteorder):08X}:{port:04X}"
