"""Completion: complete, and understood by the shells it is for."""

import shutil
import subprocess

import pytest

from samlive import cli
from samlive.commands import completion


def script(capsys: pytest.CaptureFixture[str], shell: str) -> str:
    assert cli.main(["completion", shell]) == 0
    return capsys.readouterr().out


def test_unknown_shell_is_refused() -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["completion", "tcsh"])
    assert ended.value.code == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_option_is_in_the_script(
    capsys: pytest.CaptureFixture[str], shell: str
) -> None:
    said = script(capsys, shell)
    for command, flags in completion.options_by_command().items():
        assert command in said
        assert all(flag.removeprefix("--") in said for flag in flags)
    assert "vscode" in said and "restore" in said and "eventbridge" in said


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_accepts_the_script(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    said = script(capsys, shell)
    subprocess.run([shell, "-n"], input=said, text=True, check=True, timeout=60)


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["samlive", "tra"], "transform"),
        (["samlive", "dev", "--keep-t"], "--keep-timeouts"),
        (["samlive", "transform", "--form"], "--format"),
        (["samlive", "--ver"], "--version"),
        (["samlive", "init", "py"], "pycharm"),
        (["samlive", "macro", "st"], "status"),
        (["samlive", "dev", "--on-exit", "re"], "remove"),
        (["samlive", "invoke", "Fn", "--event", "htt"], "httpapi"),
    ],
)
def test_bash_completes(
    capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    program = (
        f"{script(capsys, 'bash')}\nCOMP_WORDS=({' '.join(words)})\n"
        f'COMP_CWORD={len(words) - 1}\n_samlive\necho "${{COMPREPLY[0]}}"\n'
    )
    done = subprocess.run(
        ["bash", "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == expected
