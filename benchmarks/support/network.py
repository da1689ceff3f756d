"""Two network namespaces with a delay between them: a laptop and the cloud.

    cloud (broker, stub) --- TUN --- [this helper holds each packet] --- TUN --- laptop (relay)

Real kernel TCP at both ends, so connects cost round trips and Nagle waits for
real acknowledgements; a proxy that holds bytes back would end TCP locally and
hide both. The kernel's own `tc netem` does the same where it exists, which it
does not in most containers, so packets are held back here: read from one TUN
device, kept for half the round trip, written to the other. Each direction can
have a bandwidth: a packet then also waits for those before it to be on the line.
Needs root.

`python -m support.network CLOUD LAPTOP MS MEGABITS` is the helper.
"""

import ctypes
import fcntl
import heapq
import json
import os
import select
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from .processes import PREFIX, Bench

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
SPIN_SECONDS = 0.0005
PACKETS_AT_ONCE = 16
QUEUE_PACKETS = "10000"
"""Nothing is lost before the helper has read it."""


def unavailable() -> str:
    """Return why namespaces cannot be made here; "" when they can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "there is no `ip` (package iproute2)"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun"
    return ""


class Namespaces:
    """A cloud and a laptop, a round trip apart, for one run.

    Args:
        bench: The run that they end with.
        round_trip: Milliseconds there and back.
        megabits: Bandwidth of each direction, megabits a second; 0 for no limit.
    """

    cloud_address, laptop_address = "10.209.0.1", "10.209.0.2"

    def __init__(self, bench: Bench, round_trip: float, megabits: float = 0.0) -> None:
        self.cloud = f"{PREFIX}cloud-{os.getpid()}"
        self.laptop = f"{PREFIX}laptop-{os.getpid()}"
        for name in (self.cloud, self.laptop):
            _ip("netns", "add", name)
            bench.callback(_ip, "netns", "del", name)
            _ip("-n", name, "link", "set", "lo", "up")
        line = (str(round_trip), str(megabits))
        helper = bench.python("support.network", self.cloud, self.laptop, *line)
        helper.hear()
        ends = (self.cloud, self.cloud_address), (self.laptop, self.laptop_address)
        for (name, address), (_, peer) in zip(ends, ends[::-1], strict=True):
            _ip("-n", name, "addr", "add", address, "peer", peer, "dev", "far")
            _ip("-n", name, "link", "set", "far", "txqueuelen", QUEUE_PACKETS, "up")

    def ping(self) -> float:
        """Return the round trip in milliseconds, as TCP sees it: the time of a connect."""
        code = (
            "import socket, time, sys\n"
            "times = []\n"
            "for _ in range(5):\n"
            "    t = time.perf_counter()\n"
            "    try: socket.create_connection((sys.argv[1], 9), 5)\n"
            "    except ConnectionRefusedError: pass\n"
            "    times.append((time.perf_counter() - t) * 1000)\n"
            "print(sorted(times)[2])"
        )
        words = ["ip", "netns", "exec", self.laptop, sys.executable, "-c", code]
        found = subprocess.run(
            [*words, self.cloud_address], capture_output=True, text=True, check=True
        )
        return float(found.stdout)

    def inside_cloud(self) -> AbstractContextManager[None]:
        """Put this thread into the cloud's namespace meanwhile."""
        return self._inside(self.cloud)

    def inside_laptop(self) -> AbstractContextManager[None]:
        """Put this thread into the laptop's namespace meanwhile."""
        return self._inside(self.laptop)

    @contextmanager
    def _inside(self, name: str) -> Iterator[None]:
        with open("/proc/self/ns/net") as home, open(f"/run/netns/{name}") as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(home.fileno())


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _enter(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _tun(namespace: str) -> int:
    with open(f"/run/netns/{namespace}") as entry:
        _enter(entry.fileno())
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"far", IFF_TUN | IFF_NO_PI))
    return device


def _carry(ends: tuple[int, int], delay: float, byte_seconds: float) -> None:
    """Hold packets back until standard input ends."""
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    free_at = dict.fromkeys(ends, 0.0)
    held: list[tuple[float, int, int, bytes]] = []
    # On a line with a bandwidth the next packet is always about to be due: no time to spin.
    spin = 0.0 if byte_seconds else SPIN_SECONDS
    number = 0
    while True:
        wait = None if not held else max(0.0, held[0][0] - time.monotonic() - spin)
        readable: list[Any] = select.select([*ends, 0], [], [], wait)[0]
        if 0 in readable and not os.read(0, 4096):
            return
        for end in ends:
            for packet in _packets(end) if end in readable else ():
                number += 1
                free_at[end] = max(time.monotonic(), free_at[end]) + len(packet) * byte_seconds
                heapq.heappush(held, (free_at[end] + delay, number, other[end], packet))
        while held and held[0][0] - time.monotonic() <= spin:
            due, _, end, packet = heapq.heappop(held)
            while time.monotonic() < due:
                pass
            try:
                os.write(end, packet)
            except OSError:
                pass  # the device is not up yet


def _packets(device: int) -> Iterator[bytes]:
    """Read what waits in a device, some of it at least."""
    try:
        for _ in range(PACKETS_AT_ONCE):
            yield os.read(device, 65536)
    except BlockingIOError:
        return


def main() -> None:
    """Carry packets between two namespaces."""
    cloud, laptop, round_trip, megabits = sys.argv[1:5]
    ends = _tun(cloud), _tun(laptop)
    print(json.dumps({"ready": True}), flush=True)
    byte_seconds = 8e-6 / float(megabits) if float(megabits) else 0.0
    _carry(ends, float(round_trip) / 2000, byte_seconds)


if __name__ == "__main__":
    main()
