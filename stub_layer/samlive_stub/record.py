"""Frozen values without dataclasses, whose import a cold start would pay for."""


class Record:
    """A value with named slots that never changes once made.

    A subclass names its slots, annotates them, and hands them to `_set` in its
    `__init__`. Two records are equal when class and slots are.
    """

    __slots__ = ()

    def _set(self, **values: object) -> None:
        # A loop without bytecode: each call makes a dozen of them.
        any(map(object.__setattr__, [self] * len(values), values, values.values()))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be removed")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self._values()!r}"

    def _values(self) -> tuple[object, ...]:
        names: tuple[str, ...] = self.__slots__
        return tuple(getattr(self, name) for name in names)
