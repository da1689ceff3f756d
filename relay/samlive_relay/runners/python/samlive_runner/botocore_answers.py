"""Remembers what botocore works out anew for every session and client, though it never changes.

Half of what a session with two clients costs goes into three questions, asked
160 times for the same builtin handlers and service models:

- does a handler accept keyword arguments? (`inspect` reads its signature)
- what is an event called today? (400 old names are tried, each by splitting)
- which rules lead to a service's endpoints? (made from JSON that is shared)

A zygote notes the answers while it rehearses, its children use them. A question
that was not asked there is answered by botocore itself, and so is every question
to a version of it in which a name below is missing. Nothing that a session or a
client owns is shared: no handler, no class, no configuration.

Names used of botocore, none of which it promises to keep: `hooks.accepts_kwargs`,
`hooks.EventAliaser._event_aliases` and `._alias_name_cache`, `hooks.EVENT_ALIASES`,
`endpoint_provider.RuleCreator.create`.
"""

import functools
import sys
from types import FunctionType, MethodType
from typing import Any, Callable


class Answers:
    """Answers to questions about objects that stay as they are."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}
        self._asked: list[Any] = []  # an id means something only while the object lives
        self.learning = True

    def to(self, about: tuple[Any, ...], find: Callable[[], Any]) -> Any:
        """Return the answer to a question.

        Args:
            about: What it is about; text counts by what it says, all else by identity.
            find: Finds the answer.
        """
        key = tuple(each if type(each) is str else id(each) for each in about)
        if key in self._known:
            return self._known[key]
        answer = find()
        if self.learning:
            self._known[key] = answer
            self._asked.append(about)
        return answer


class Names:
    """What events are called that have no newer name.

    Those that have one are left to botocore, as it writes into the log that it
    has replaced the name.

    Args:
        aliases: botocore's newer names.
    """

    def __init__(self, aliases: Any) -> None:
        self._aliases = aliases
        self._met: list[Any] = []
        self._same: dict[str, str] = {}
        self.learning = True

    def meet(self, aliaser: Any) -> None:
        """Tell a new aliaser what is known, or have it tell later."""
        if self.learning:
            self._met.append(aliaser)
        elif not aliaser._alias_name_cache and aliaser._event_aliases == self._aliases:
            aliaser._alias_name_cache.update(self._same)

    def learn(self) -> None:
        """Note what those that were met have found out."""
        for aliaser in self._met:
            if aliaser._event_aliases == self._aliases:
                found = aliaser._alias_name_cache
                self._same.update((name, now) for name, now in found.items() if name == now)
        self._met.clear()
        self.learning = False


def remember() -> Callable[[], None]:
    """Note botocore's answers from now on; returns what ends that and has them used."""
    ends: list[Callable[[], None]] = []
    hooks = sys.modules.get("botocore.hooks")
    provider = sys.modules.get("botocore.endpoint_provider")
    for take in (
        functools.partial(_remember_signatures, hooks),
        functools.partial(_remember_names, hooks),
        functools.partial(_remember_rules, provider),
    ):
        try:
            ends.append(take())
        except AttributeError:
            continue  # another version of botocore, or none

    def end() -> None:
        for each in ends:
            each()

    return end


def _remember_signatures(hooks: Any) -> Callable[[], None]:
    ask = hooks.accepts_kwargs
    answers = Answers()

    @functools.wraps(hooks.accepts_kwargs)
    def accepts_kwargs(func: Any) -> Any:
        function = func.__func__ if type(func) is MethodType else func
        if type(function) is not FunctionType or vars(function):
            return ask(func)  # it may say that it wraps another one
        # Not about the function: it may hold a client, which would be kept alive.
        return answers.to((function.__code__,), lambda: ask(func))

    hooks.accepts_kwargs = accepts_kwargs
    return lambda: setattr(answers, "learning", False)


def _remember_names(hooks: Any) -> Callable[[], None]:
    names = Names(hooks.EVENT_ALIASES)
    kind = hooks.EventAliaser
    begin = kind.__init__
    probe = kind(None)
    probe._alias_name_cache, probe._event_aliases  # noqa: B018  (is it the version that we know?)

    @functools.wraps(begin)
    def __init__(self: Any, *args: Any, **named: Any) -> None:
        begin(self, *args, **named)
        names.meet(self)

    kind.__init__ = __init__
    return names.learn


def _remember_rules(provider: Any) -> Callable[[], None]:
    answers = Answers()
    make = provider.RuleCreator.create

    @functools.wraps(make)
    def create(**rule: Any) -> Any:
        return answers.to((*rule, *rule.values()), lambda: make(**rule))

    provider.RuleCreator.create = staticmethod(create)
    return lambda: setattr(answers, "learning", False)
