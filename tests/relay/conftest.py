"""Fixtures of the relay's tests."""

import asyncio
import os
from collections.abc import Awaitable
from pathlib import Path

import pytest

from relay_session import Project, Run


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture
def run() -> Run:
    """Run a scenario; descriptors that it leaves open fail the test."""

    def run_scenario(scenario: Awaitable[None]) -> None:
        async def main() -> None:
            await scenario

        before = set(os.listdir("/proc/self/fd"))
        asyncio.run(main())
        left = [_target(name) for name in set(os.listdir("/proc/self/fd")) - before]
        assert [kind for kind in left if kind.startswith(("pipe", "socket"))] == []

    return run_scenario


def _target(descriptor: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return ""
