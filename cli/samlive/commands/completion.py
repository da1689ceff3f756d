"""`samlive completion SHELL`: a script that completes commands, options and their values.

The words come from the parser, so they are never out of date. Nothing of
samlive runs while the user types: the script holds all words itself.
"""

import argparse
import sys
from collections.abc import Iterable

from samlive import arguments

_BASH = """\
_samlive() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} words
    case ${{COMP_WORDS[1]}} in
{cases}
        *) words="{commands} --help --version" ;;
    esac
    [ "$COMP_CWORD" -gt 1 ] || words="{commands} --help --version"
    case ${{COMP_WORDS[COMP_CWORD-1]}} in
{values}
    esac
    case $current in
        -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
        *) COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current")) ;;
    esac
}}
complete -o filenames -F _samlive samlive
"""
_ZSH = "autoload -U +X bashcompinit && bashcompinit\n"


def run(shell: str) -> int:
    """Print the script of a shell; return the exit status.

    Args:
        shell: "bash", "zsh" or "fish".
    """
    words = options_by_command()
    text = _fish(words) if shell == "fish" else _bash(words)
    sys.stdout.write(_ZSH + text if shell == "zsh" else text)
    return 0


def options_by_command() -> dict[str, list[str]]:
    """Return the long options of every command."""
    return {
        name: sorted(
            flag
            for action in command._actions
            for flag in action.option_strings
            if flag.startswith("--")
        )
        for name, command in _commands().items()
    }


def subjects() -> dict[str, list[str]]:
    """Return the words that may follow a command, where these are a few."""
    return {
        name: [str(choice) for action in command._actions for choice in _follow(action)]
        for name, command in _commands().items()
    }


def values() -> dict[str, list[str]]:
    """Return the values of options that take one of a few."""
    return {
        flag: [str(choice) for choice in action.choices]
        for command in _commands().values()
        for action in command._actions
        for flag in action.option_strings
        if action.choices
    }


def _follow(action: argparse.Action) -> Iterable[object]:
    return () if action.option_strings else action.choices or ()


def _commands() -> dict[str, argparse.ArgumentParser]:
    for action in arguments.parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("the parser has no commands")


def _bash(words: dict[str, list[str]]) -> str:
    after = subjects()
    cases = "\n".join(
        f'        {name}) words="{" ".join((*after[name], *options))}" ;;'
        for name, options in words.items()
    )
    given = "\n".join(
        f'        {flag}) COMPREPLY=($(compgen -W "{" ".join(few)}" -- "$current")); return ;;'
        for flag, few in values().items()
    )
    return _BASH.format(cases=cases, values=given, commands=" ".join(words))


def _fish(words: dict[str, list[str]]) -> str:
    described = {name: arguments.COMMANDS.get(name, "") for name in words}
    lines = [
        f"complete -c samlive -n __fish_use_subcommand -a {name} -d '{text}'"
        for name, text in described.items()
    ]
    after, few = subjects(), values()
    for name, options in words.items():
        seen = f"'__fish_seen_subcommand_from {name}'"
        lines += [f"complete -c samlive -n {seen} -a '{' '.join(after[name])}'"] * bool(after[name])
        lines += [
            f"complete -c samlive -n {seen} -l {flag[2:]}"
            + (f" -x -a '{' '.join(few[flag])}'" if flag in few else "")
            for flag in options
        ]
    return "\n".join(lines) + "\n"
