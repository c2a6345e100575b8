"""A bounded place for what was computed and may be needed again.

The least recently used goes first. A large value takes the place of large ones, as far as there are any: it
would cost many small ones, and these are what a moving slider needs.
"""

import weakref
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Kept(Generic[_Key, _Value]):
    """Values of objects, by key, of at most ``limit`` bytes in total; they go when their object does."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[tuple[int, _Key], tuple[_Value, int]] = OrderedDict()
        self._owners: set[int] = set()
        self._total = 0

    @property
    def total(self) -> int:
        """Bytes of all values."""
        return self._total

    def get(self, owner: object, key: _Key) -> _Value | None:
        """The value of a key, None if there is none any more."""
        entry = self._values.get((id(owner), key))
        if entry is None:
            return None
        self._values.move_to_end((id(owner), key))
        return entry[0]

    def put(self, owner: object, key: _Key, value: _Value, size: int) -> None:
        """Keep a value of ``size`` bytes; one that is larger than the limit is not kept."""
        self._drop((id(owner), key))
        if size > self._limit:
            return
        if id(owner) not in self._owners:
            self._owners.add(id(owner))
            weakref.finalize(owner, self._forget, id(owner)).atexit = False
        self._values[id(owner), key] = value, size
        self._total += size
        while self._total > self._limit:
            self._drop(self._first_to_go(size))

    def drop(self, owner: object, key: _Key) -> None:
        """Keep the value of a key no longer."""
        self._drop((id(owner), key))

    def has_room(self, size: int) -> bool:
        """Whether a value of ``size`` bytes can be kept while all others stay."""
        return self._total + size <= self._limit

    def clear(self) -> None:
        """Keep nothing of what was kept."""
        self._values.clear()
        self._total = 0

    def _first_to_go(self, size: int) -> tuple[int, _Key]:
        """The least recently used, one that is no smaller than ``size`` if there is an older one."""
        newest = next(reversed(self._values))
        as_large = (key for key, (_, other) in self._values.items() if other >= size and key != newest)
        return next(as_large, next(iter(self._values)))

    def _drop(self, key: tuple[int, _Key]) -> None:
        entry = self._values.pop(key, None)
        if entry is not None:
            self._total -= entry[1]

    def _forget(self, owner: int) -> None:
        self._owners.discard(owner)
        for key in [key for key in self._values if key[0] == owner]:
            self._drop(key)
