"""Modules of the Python runner, which is a program of its own and in no import path."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import samlive_relay

FOLDER = Path(samlive_relay.__file__).parent / "runners" / "python"


def load(name: str) -> ModuleType:
    """Import a module of the runner."""
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module(f"samlive_runner.{name}")
    finally:
        sys.path.remove(str(FOLDER))
