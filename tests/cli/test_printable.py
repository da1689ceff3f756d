"""A terminal obeys nobody but us: what is left of other people's texts."""

import io

import pytest
from rich.console import Console

from samlive.console import TextOutput
from samlive.printable import printable


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param("\x1b[2Jall gone", "all gone", id="clears the screen"),
        pytest.param("\x1b[1;1Hup", "up", id="moves the cursor"),
        pytest.param("a\x1b]0;title\x07b", "ab", id="sets the title"),
        pytest.param("a\x1b]52;c;aGk=\x1b\\b", "ab", id="writes the clipboard"),
        pytest.param("a\x1b]0;never ends", "a", id="a title that never ends"),
        pytest.param("right\rwrong", "rightwrong", id="goes back to the beginning"),
        pytest.param("a\x07\x00\x9bb", "ab", id="bell, NUL, C1"),
        pytest.param("end\x1b", "end", id="a lone escape"),
        pytest.param("\x1b(0lqk", "0lqk", id="another character set"),
        pytest.param("\x1b[31mred", "\x1b[31mred\x1b[0m", id="a colour, which ends with its line"),
        pytest.param("tab\tline\nnext", "tab\tline\nnext", id="tabs and lines"),
        pytest.param("héé 日本 \u2028 \xa0", "héé 日本 \u2028 \xa0", id="every script"),
    ],
)
def test_what_a_terminal_would_obey_is_left_out(text: str, left: str) -> None:
    assert printable(text) == left
    assert printable(left) in (left, f"{left}\x1b[0m")


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("log", {"function": "F", "request_id": "r", "stream": "out", "text": "\x1b[2Jx"}),
        (
            "invocation_started",
            {"function": "F", "request_id": "r", "cold": False, "caller": "GET /\x1b[2J"},
        ),
        ("error", {"message": "\x1b[2Jno", "hint": "\x1b[2Jdo"}),
        ("note", {"text": "\x1b[2J"}),
    ],
)
@pytest.mark.parametrize("terminal", [True, False])
def test_no_event_clears_the_screen(event: str, fields: dict[str, object], terminal: bool) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=80, soft_wrap=True, force_terminal=terminal)
    TextOutput(console).tell(event, **fields)
    assert "\x1b[2J" not in stream.getvalue()
    assert stream.getvalue().strip()


LONG = f"{'word ' * 30}https://example.com/{'x' * 90} end"


def test_sentences_are_wrapped_between_words_on_a_terminal() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=80, soft_wrap=True, force_terminal=True, color_system=None)
    TextOutput(console).tell("note", text=LONG)
    said = stream.getvalue()
    assert f"https://example.com/{'x' * 90}" in said, "what people copy stays whole"
    lines = said.splitlines()
    assert len(lines) > 2
    assert all(len(line) <= 80 for line in lines if "https" not in line)


def test_sentences_are_one_line_for_everything_else() -> None:
    stream = io.StringIO()
    TextOutput(Console(file=stream, width=80, soft_wrap=True)).tell("note", text=LONG)
    assert stream.getvalue() == f"note {LONG}\n"
