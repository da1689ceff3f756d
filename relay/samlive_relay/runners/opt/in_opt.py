"""Runs a program that sees a folder as /opt, and becomes it: same process, same id.

    python -IS in_opt.py FOLDER PROGRAM ARGUMENT...

A namespace of its own lets an ordinary user mount; nobody else sees it. What
cannot be done is said, and the program runs without. Started by the relay, in
samlive's own interpreter; standard library only.

https://man7.org/linux/man-pages/man7/user_namespaces.7.html
"""

import ctypes
import os
import sys

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
STRICT = "--strict"


def mount(folder: str) -> None:
    """Show a folder as /opt to this process and to what it becomes.

    Raises:
        OSError: The system does not allow that.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    _check(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare")
    _write("setgroups", "deny")
    _write("uid_map", f"{user} {user} 1")
    _write("gid_map", f"{group} {group} 1")
    _check(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "mount /")
    _check(libc.mount(os.fsencode(folder), b"/opt", None, MS_BIND | MS_REC, None), "mount /opt")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def _write(name: str, text: str) -> None:
    with open(f"/proc/self/{name}", "w") as file:
        file.write(text)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    strict = arguments[0] == STRICT
    folder, *command = arguments[strict:]
    try:
        mount(folder)
    except Exception as problem:
        if strict:
            sys.exit(f"/opt: {problem}")
        print(f"samlive: nothing is mounted at /opt: {problem}", file=sys.stderr, flush=True)
    os.execvp(command[0], command)
