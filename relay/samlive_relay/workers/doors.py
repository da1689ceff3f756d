"""Ports of loopback that let in the user's own processes only.

Some runtime interface clients take AWS_LAMBDA_RUNTIME_API for "host:port" and
cannot carry a token in the path: AWS's for Node.js refuses to start, AWS's for
Python cannot report an error of its initialisation. Such a process gets a port
of its own instead. What a token keeps out is kept out by the kernel's word on
whose socket is at the other end (`/proc/net/tcp`); where there is no such word,
there is no such door.
"""

import os
import socket
import struct
from pathlib import Path

_TABLE, _TABLE_OF_6 = Path("/proc/net/tcp"), Path("/proc/net/tcp6")
_MAPPED = struct.pack("=4I", 0, 0, socket.htonl(0xFFFF), 0)[:12]
"""What comes before an IPv4 address that a socket of IPv6 speaks to, as Java's do."""

AVAILABLE = _TABLE.is_file()
"""Whether this system can tell."""


def owner(peer: tuple[str, int], here: tuple[str, int]) -> int | None:
    """Return the user id at the other end of a loopback connection; None when unknown.

    Args:
        peer: Address of the other end.
        here: Our address.
    """
    for table, before in ((_TABLE, b""), (_TABLE_OF_6, _MAPPED)):
        wanted = [_written(peer, before), _written(here, before)]
        for line in table.read_text().splitlines()[1:] if table.is_file() else ():
            fields = line.split()
            if fields[1:3] == wanted:
                return int(fields[7])
    return None


def is_own(peer: tuple[str, int], here: tuple[str, int]) -> bool:
    """Tell whether a connection comes from a process of this user."""
    return owner(peer, here) == os.getuid()


def _written(address: tuple[str, int], before: bytes) -> str:
    """Return an address as the kernel's tables have it: the host as numbers, then the port.

    https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html
    """
    host, port = address
    whole = before + socket.inet_aton(host)
    numbers = struct.unpack(f"={len(whole) // 4}I", whole)
    return f"{''.join(f'{number:08X}' for number in numbers)}:{port:04X}"
