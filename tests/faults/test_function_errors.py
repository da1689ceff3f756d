"""What is wrong with a function is answered at once, as AWS words it, with file and line."""

import re
from pathlib import Path

import pytest

from fault_bench import Bench

pytestmark = pytest.mark.e2e


def line_with(bench: Bench, file: str, text: str) -> int:
    lines = (bench.session.live.project / "src" / file).read_text().splitlines()
    (found,) = [number for number, line in enumerate(lines, 1) if text in line]
    return found


@pytest.mark.parametrize("language", ["Python", "Node"])
@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"action": "exit", "status": 3}, "Runtime exited with error: exit status 3"),
        ({"action": "exit", "status": 0}, "Runtime exited without providing a reason"),
        ({"action": "kill"}, "Runtime exited with error: signal: killed"),
    ],
)
def test_a_process_that_ends_is_an_exit_error(
    bench: Bench, language: str, event: dict[str, object], said: str
) -> None:
    answer, error = bench.call(function=f"{language}Recorder", **event)
    assert (error, answer["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert re.fullmatch(rf"RequestId: [0-9a-f-]{{36}} Error: {said}", answer["errorMessage"])
    assert bench.call("next", function=f"{language}Recorder") == ("next", None)


PYTHON = {
    "PythonSyntax": (
        "Runtime.UserCodeSyntaxError",
        "Syntax error in module 'syntax': expected ':' (syntax.py, line 4)",
        ("python/syntax.py", "def handler"),
    ),
    "PythonImports": (
        "Runtime.ImportModuleError",
        "Unable to import module 'imports': No module named 'not_installed_anywhere'",
        ("python/imports.py", "import not_installed"),
    ),
    "PythonUnknown": (
        "Runtime.HandlerNotFound",
        "Handler 'missing' missing on module 'recorder'",
        ("python/recorder.py", ""),
    ),
}


@pytest.mark.parametrize("function", PYTHON)
def test_python_code_that_cannot_be_loaded(bench: Bench, function: str) -> None:
    kind, message, (file, text) = PYTHON[function]
    answer, error = bench.call(function=function)
    assert (error, answer["errorType"], answer["errorMessage"]) == ("Unhandled", kind, message)
    place = f'File "{bench.session.live.project / "src" / file}"'
    if text:
        word = " Line" if function == "PythonSyntax" else ", line"
        place += f"{word} {line_with(bench, file, text)}"
    told(bench, function, place)


def test_a_python_exception_has_its_trace(bench: Bench) -> None:
    answer, error = bench.call(action="raise", message="no tea")
    assert (error, answer["errorType"], answer["errorMessage"]) == (
        "Unhandled",
        "ValueError",
        "no tea",
    )
    file = bench.session.live.project / "src/python/recorder.py"
    line = line_with(bench, "python/recorder.py", "raise ValueError")
    assert answer["stackTrace"][-1] == (
        f'  File "{file}", line {line}, in fail\n    raise ValueError(message)\n'
    )


def test_a_python_answer_that_is_no_json(bench: Bench) -> None:
    answer, error = bench.call(action="marshal")
    assert (error, answer["errorType"]) == ("Unhandled", "Runtime.MarshalError")
    assert answer["errorMessage"] == (
        "Unable to marshal response: Object of type set is not JSON serializable"
    )
    line = line_with(bench, "python/recorder.py", "def handler")
    told(bench, "PythonRecorder", f'python/recorder.py", line {line}, in handler')


NODE = {
    "NodeSyntax": ("Runtime.UserCodeSyntaxError", "SyntaxError: ", "node/syntax.mjs"),
    "NodeImports": (
        "Error",  # of an ES module; one that is required is a Runtime.ImportModuleError
        "Cannot find package 'not-installed-anywhere' imported from ",
        "node/imports.mjs",
    ),
    "NodeUnknown": (
        "Runtime.HandlerNotFound",
        "recorder.missing is undefined or not exported",
        "",
    ),
}


@pytest.mark.parametrize("function", NODE)
def test_node_code_that_cannot_be_loaded(bench: Bench, function: str) -> None:
    kind, message, file = NODE[function]
    answer, error = bench.call(function=function)
    assert (error, answer["errorType"]) == ("Unhandled", kind)
    assert message in answer["errorMessage"]
    said = "\n".join([answer["errorMessage"], *answer["trace"]])
    assert file in said
    if kind == "Runtime.UserCodeSyntaxError":
        path = Path(bench.session.live.project / "src" / file)
        assert re.search(rf"{re.escape(str(path))}:\d+", said)


def test_a_node_exception_has_its_trace(bench: Bench) -> None:
    answer, error = bench.call(function="NodeRecorder", action="raise", message="no tea")
    assert (error, answer["errorType"], answer["errorMessage"]) == (
        "Unhandled",
        "RangeError",
        "no tea",
    )
    line = line_with(bench, "node/recorder.mjs", "throw new RangeError")
    assert f"node/recorder.mjs:{line}:" in answer["trace"][1]


def test_a_node_answer_that_is_no_json(bench: Bench) -> None:
    answer, error = bench.call(function="NodeRecorder", action="marshal")
    assert (error, answer["errorType"], answer["errorMessage"]) == (
        "Unhandled",
        "Error",
        "Unable to stringify response body",
    )


def told(bench: Bench, function: str, text: str) -> None:
    """Wait until the terminal has named a place in the code."""
    bench.session.live.seen_or_expect(
        "log", lambda event: event["function"] == function and text in event["text"]
    )
