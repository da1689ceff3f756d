"""Stands for one Lambda execution environment of a Python function.

    python run_handler.py CHANNEL_FD

Started by the relay in the interpreter of the user's project: standard library
only, Python 3.9 syntax, nothing of samlive's. The folder of this script goes
off the import path before any code of the user's is imported, else a handler's
`import run_handler` or `import samlive_runner` would find ours.
"""

import importlib
import os
import socket
import sys

if __name__ == "__main__":
    sys.path[0] = os.path.dirname(os.path.abspath(__file__))
    runner = importlib.import_module("samlive_runner.serve")
    del sys.path[0]
    runner.serve(socket.socket(fileno=int(sys.argv[1])))
