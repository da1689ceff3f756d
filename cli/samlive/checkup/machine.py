"""This machine and this project: template, settings, interpreters, toolchains."""

import shutil
import sys
from collections.abc import Iterator

from samlive.checkup.finding import Finding
from samlive.checkup.patient import Patient

_SHOWN = 200


def settings(patient: Patient) -> Iterator[Finding]:
    """Which settings file is read."""
    files = ", ".join(str(path) for path in patient.settings.files)
    yield Finding("settings", "ok", f"settings: {files or 'no file, only options and variables'}")
    for text in patient.settings.notices:
        yield Finding("settings", "note", text)


def template(patient: Patient) -> Iterator[Finding]:
    """What a rewrite makes of the template, and what it has to say about it."""
    result = patient.rewritten
    functions = result.report.functions
    live = sum(function.live for function in functions)
    text = f"{patient.settings.template}: {live} of {len(functions)} functions go live"
    yield Finding("template", "ok", text)
    for function in functions:
        if not function.live:
            yield Finding("template", "note", f"{function.logical_id} is kept: {function.reason}")
    for notice in result.report.notices:
        place = f"{notice.file or result.source.name}:{notice.line}"
        yield Finding("template", "note", f"{place}: {notice.logical_id}: {notice.text}"[:_SHOWN])


def toolchains(patient: Patient) -> Iterator[Finding]:
    """Whether what functions are built and run with is installed."""
    from samlive.toolchains import NEEDS, survey

    yield Finding("python", "ok", f"Python {sys.version.split()[0]} at {sys.executable}")
    result = patient.need("the template is no good", lambda: patient.rewritten)
    for tool in survey(result.report.functions):
        name = NEEDS[tool.program][0]
        users = ", ".join(tool.functions)
        if tool.path:
            yield Finding("tools", "ok", f"{name} at {tool.path} (for {users})")
        else:
            yield Finding("tools", "note", f"{name} is not installed; kept: {users}", tool.hint)


def offline(patient: Patient) -> Iterator[Finding]:
    """Whether the embedded cloud and Docker are there, which only some need."""
    from importlib.util import find_spec

    if find_spec("ministack"):
        yield Finding("offline", "ok", "the embedded cloud is installed")
    else:
        hint = "pip install 'samlive[offline]'"
        yield Finding("offline", "note", "the embedded cloud is not installed", hint)
    docker = shutil.which("docker")
    text = f"Docker at {docker}" if docker else "no Docker, which only kept images need"
    yield Finding("docker", "ok", text)
