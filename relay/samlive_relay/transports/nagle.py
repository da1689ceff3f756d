"""Turns Nagle's algorithm off on connections that a library has opened.

awscrt never sets TCP_NODELAY and has no option for it, so the second of two
small packets (the answer after the acknowledgement) waits for the peer's
delayed ACK: 40 ms on every invocation. Its C library has the option since
https://github.com/awslabs/aws-c-io/pull/816; drop this when Python's
`SocketOptions` has it too.
"""

import contextlib
import os
import socket
import stat


def disable_nagle() -> int:
    """Set TCP_NODELAY on every connected TCP socket of this process.

    Returns:
        How many sockets now have it.
    """
    changed = 0
    folder = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
    for name in os.listdir(folder):
        with contextlib.suppress(OSError):  # closed meanwhile, or not connected
            descriptor = int(name)
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                continue  # a socket object made of anything else would leak the duplicate
            with socket.socket(fileno=os.dup(descriptor)) as found:
                if found.type == socket.SOCK_STREAM and found.family in (
                    socket.AF_INET,
                    socket.AF_INET6,
                ):
                    found.getpeername()
                    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    changed += 1
    return changed
