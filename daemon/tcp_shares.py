"""Who may try to show a key: each address has a share of the connections that have not shown one yet.

An address that opens many connections, or opens them again and again, thus waits for itself, and the holder
of the key, who comes from another one, does not. From the same address, connections that have said something
come first, and each has a second to show its key while others wait. One that has shown it keeps its place.
"""

import collections
import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

PENDING = 16
"""Connections at once that have not shown a key."""
SHARE = 8
"""Those of them from one address."""
WAITING = 32
"""Accepted connections that wait for their turn; beyond that, those of the most eager address end."""
SECONDS_TO_WAIT = 10.0
_STARTS_A_SECOND = 20  # from one address, not counting those that showed a key
_SECONDS_WHILE_OTHERS_WAIT = 1.0  # a handshake takes three round trips

_GREETING_BYTES = 64  # of ZMTP 3 (RFC 23), after which frames of flags, size and body follow
_LONG = 0x02  # a flag: the size has 8 bytes
_READY = b"\x05READY"  # the server's command once it has accepted the client's key (RFC 26)


def has_shown_its_key(said: bytes) -> bool:
    """Whether the server, by the first bytes that it sent on a connection, has accepted the client's key."""
    position = _GREETING_BYTES
    while position + 2 <= len(said):
        size_bytes = 8 if said[position] & _LONG else 1
        body = position + 1 + size_bytes
        if said[body : body + len(_READY)] == _READY:
            return True
        position = body + int.from_bytes(said[position + 1 : body], "big")
    return False


def sharer(address: str) -> str:
    """Whose share a connection from a number counts in.

    In version 6 everybody has 2**64 numbers: the network of 64 bits counts as one. A number of version 4 that
    came by a socket of version 6 is itself.
    """
    number = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(number, ipaddress.IPv4Address):
        return str(number)
    if number.ipv4_mapped is not None:
        return str(number.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(number), 64), strict=False))


@dataclass(eq=False)
class Guest:
    """A connection without a key. since: when it came, or was let in; has_spoken: whether it said anything"""

    address: str
    since: float
    has_spoken: bool = False


_Guest = TypeVar("_Guest", bound=Guest)


class Shares(Generic[_Guest]):
    """The connections that wait, those that are pending, and how often each address came in the last second.

    drop: ends a connection, waiting or pending
    """

    def __init__(self, drop: Callable[[_Guest], None]) -> None:
        self.waiting: list[_Guest] = []
        self.pending: list[_Guest] = []
        self._drop = drop
        self._starts: dict[str, collections.deque[float]] = {}

    def add(self, guest: _Guest) -> None:
        """Let a new connection wait."""
        self.waiting.append(guest)

    def trim(self) -> None:
        """End what waits beyond ``WAITING``: of the most eager address, first those that say nothing."""
        while len(self.waiting) > WAITING:
            eager = _most_frequent(self.waiting)
            silent = [guest for guest in self.waiting if guest.address == eager and not guest.has_spoken]
            self._end(_oldest_of(eager, silent or self.waiting))

    def remove(self, guest: _Guest) -> None:
        """Forget a connection that has ended."""
        for group in (self.waiting, self.pending):
            if guest in group:
                group.remove(guest)

    def admit(self, guest: _Guest) -> None:
        """It has shown its key, and counts no more."""
        self.remove(guest)
        starts = self._starts.get(guest.address)
        if starts:
            starts.pop()

    def next(self, now: float) -> _Guest | None:
        """The connection whose turn it is, pending from now on; another one may be ended to make room."""
        for guest in [guest for guest in self.waiting if now - guest.since > SECONDS_TO_WAIT]:
            self._end(guest)
        counts = collections.Counter(guest.address for guest in self.pending)
        for guest in sorted(
            self.waiting, key=lambda guest: (counts[guest.address], not guest.has_spoken, guest.since)
        ):
            if self._comes_too_often(guest.address, now):
                continue
            if self._has_room(guest, counts, now):
                self.waiting.remove(guest)
                guest.since = now
                self.pending.append(guest)
                self._starts.setdefault(guest.address, collections.deque()).append(now)
                return guest
        return None

    def _has_room(self, guest: _Guest, counts: "collections.Counter[str]", now: float) -> bool:
        """Whether there is room for one more, perhaps made by ending another."""
        if counts[guest.address] >= SHARE:
            own = _oldest_of(guest.address, self.pending)
            if now - own.since < _SECONDS_WHILE_OTHERS_WAIT:
                return False
            self._end(own)
        elif len(self.pending) >= PENDING:
            eager = _most_frequent(self.pending)
            if counts[eager] <= counts[guest.address] + 1:
                return False
            self._end(_oldest_of(eager, self.pending))
        return True

    def _comes_too_often(self, address: str, now: float) -> bool:
        for each, starts in list(self._starts.items()):
            while starts and now - starts[0] > 1.0:
                starts.popleft()
            if not starts:
                del self._starts[each]
        return len(self._starts.get(address, ())) >= _STARTS_A_SECOND

    def _end(self, guest: _Guest) -> None:
        self.remove(guest)
        self._drop(guest)


def _most_frequent(guests: Iterable[Guest]) -> str:
    return collections.Counter(guest.address for guest in guests).most_common(1)[0][0]


def _oldest_of(address: str, guests: Sequence[_Guest]) -> _Guest:
    return min((guest for guest in guests if guest.address == address), key=lambda guest: guest.since)
