"""kill -9 of the relay leaves no process behind, not even one stuck in a loop."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from process_tree import is_running

ROOT = Path(__file__).parents[2]
SESSION = """
import asyncio, json, os, sys, pathlib
from relay_session import Project

RUNTIME, NAME, TEXT, START = json.loads(sys.argv[2])

async def main():
    project = Project(pathlib.Path(sys.argv[1]))
    project.start = START
    project.write(NAME, TEXT)
    project.add(runtime=RUNTIME)
    async with project.session() as session:
        running = asyncio.ensure_future(session.stub().invoke({}))
        await session.until(lambda: (project.code / "children").exists())
        spares = session.relay.spares
        await session.until(lambda: spares.pids or not RUNTIME.startswith("nodejs"))
        zygotes = session.relay.zygotes
        await session.until(lambda: zygotes.reserved or START != "zygote")
        pids = [*session.relay.pool.pids, *zygotes.pids, *zygotes.reserved, *spares.pids]
        print(json.dumps(pids), flush=True)
        await running

asyncio.run(main())
"""

PYTHON = (
    "import os, subprocess\ndef handler(event, context):\n"
    "    child = subprocess.Popen(['sleep', '1000'])\n"
    "    open('children.new', 'w').write(str(child.pid))\n"
    "    os.rename('children.new', 'children')\n    while True: pass\n"
)
NODE = """
import { spawn } from "node:child_process";
import fs from "node:fs";
export const handler = async () => {
  const child = spawn("sleep", ["1000"]);
  fs.writeFileSync("children.new", String(child.pid));
  fs.renameSync("children.new", "children");
  for (;;);
};
"""
CASES = {
    "spawn": ("python3.11", "app.py", PYTHON, "spawn"),
    "zygote": ("python3.11", "app.py", PYTHON, "zygote"),
    "node": ("nodejs20.x", "app.mjs", NODE, ""),
}


@pytest.mark.skipif(sys.platform != "linux", reason="the lifeline needs Linux")
@pytest.mark.parametrize("case", CASES)
def test_a_killed_relay_leaves_no_process(tmp_path: Path, case: str) -> None:
    folders = ["relay", "stub_layer", "tests/support"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / f) for f in folders)}
    session = subprocess.Popen(
        [sys.executable, "-c", SESSION, str(tmp_path / "project"), json.dumps(CASES[case])],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert session.stdout is not None
    try:
        pids = json.loads(session.stdout.readline())
        pids.append(int((tmp_path / "project" / "src" / "children").read_text()))
        assert all(is_running(pid) for pid in pids)
    finally:
        session.send_signal(signal.SIGKILL)
        session.wait()
        session.stdout.close()
    end = time.monotonic() + 30
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() < end, f"still running: {pids}"
        time.sleep(0.01)
