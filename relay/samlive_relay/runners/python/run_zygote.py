"""Stands ready to become execution environments of Python functions, by fork.

    python run_zygote.py CONTROL_FD

Like `run_handler.py`, but started ahead: see `samlive_runner.zygote`.
"""

import importlib
import os
import socket
import sys

if __name__ == "__main__":
    sys.path[0] = os.path.dirname(os.path.abspath(__file__))
    zygote = importlib.import_module("samlive_runner.zygote")
    del sys.path[0]
    zygote.run(socket.socket(fileno=int(sys.argv[1])))
