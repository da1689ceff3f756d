"""Which modules a runner reports to be preloaded the next time."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import samlive_relay

RUNNERS = Path(samlive_relay.__file__).parent / "runners" / "python"
HEAD = f"import json, sys; sys.path.insert(0, {str(RUNNERS)!r})\n"
HEAD += "from samlive_runner.serve import dependencies\n"


def run(code: str) -> Any:
    command = [sys.executable, "-c", HEAD + code]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def test_a_fork_does_not_look_at_what_it_began_with() -> None:
    code = """
class Untouched:
    def __getattribute__(self, name):
        raise AssertionError(f"its {name} was looked at")
sys.modules["preloaded"] = Untouched()
before = len(sys.modules)
import wsgiref.types, colorsys
print(json.dumps(dependencies(before)))
"""
    found = run(code)
    assert found.index("wsgiref") < found.index("colorsys")
    assert "json" not in found


def test_the_runner_is_no_dependency() -> None:
    found = run("print(json.dumps(dependencies()))")
    assert "json" in found
    assert not [name for name in found if name.startswith("samlive") or name == "__main__"]
