"""The daemon's client on an editor's event loop.

Connecting may have to load libraries, start the daemon and wait for it: a thread does that, and hands the
client over whole. From then on the event loop alone touches it.
"""

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from retouchml.errors import Cancelled, DaemonAbsent, RetouchError

from .loop import Function, Handle, Loop
from .state import OFF, READY, STARTING

if TYPE_CHECKING:
    from retouchml.client.client import Client

_POLL_MS = 40
_TICK_MS = 250  # a daemon that died is noticed by the clock

MakeClient = Callable[[bool], "Client"]


class Opening:
    """A connection in the making; may be waited for as a ``Call`` is."""

    def __init__(self) -> None:
        self.done = False
        self.on_done: Callable[[Opening], None] | None = None
        self._client: Client | None = None
        self._error: Exception | None = None

    @property
    def error(self) -> Exception | None:
        """Why there is none."""
        return self._error

    def result(self) -> "Client":
        """Raises what ``Client.connect`` does."""
        if self._client is None:
            raise self._error or Cancelled("The connection was closed.")
        return self._client

    def cancel(self) -> None:
        """A daemon that starts is let be: it is good for the next time."""

    def settle(self, client: "Client | None", error: Exception | None) -> None:
        """Say how it ended."""
        self._client, self._error = client, error
        self.done = True
        if self.on_done is not None:
            self.on_done(self)


class Connection:
    """off, starting or ready; ``on_change`` is called when that changes."""

    def __init__(self, loop: Loop, make_client: MakeClient, on_change: Function) -> None:
        """make_client(start): a client that starts the daemon, or does not; called on a thread."""
        self._loop = loop
        self._make_client = make_client
        self._on_change = on_change
        self._opening: Opening | None = None
        self._client: Client | None = None
        self._watch: Handle | None = None
        self._tick: Handle | None = None

    @property
    def state(self) -> str:
        """One of ``OFF``, ``STARTING``, ``READY``."""
        if self._client is not None:
            return READY
        return STARTING if self._opening is not None else OFF

    @property
    def client(self) -> "Client | None":
        """The one that is connected."""
        return self._client

    def open(self, start: bool) -> Opening:
        """Connect, or join a connecting under way, or answer at once where it is ready."""
        if self._opening is not None:
            return self._opening
        opening = Opening()
        if self._client is not None:
            opening.settle(self._client, None)
            return opening
        self._opening = opening
        outcome: list[tuple[Client | None, Exception | None]] = []
        threading.Thread(target=self._connect, args=(start, outcome), daemon=True).start()
        polling = self._loop.every(_POLL_MS, lambda: self._poll(outcome, polling))
        self._on_change()
        return opening

    def nudge(self) -> None:
        """To be called after each request: the descriptor tells of changes only."""
        self._loop.later(self.process)

    def process(self) -> None:
        """Take what has arrived."""
        client = self._client
        if client is None:
            return
        client.process()
        if client.fileno() == -1:
            self._let_go()

    def close(self) -> None:
        """Leave."""
        client = self._client
        self._let_go()
        if client is not None:
            client.close()

    def _connect(self, start: bool, outcome: "list[tuple[Client | None, Exception | None]]") -> None:
        try:
            client = self._make_client(start)
            client.connect()
        except Exception as error:  # of another thread: the event loop is told
            outcome.append((None, error))
        else:
            outcome.append((client, None))

    def _poll(self, outcome: "list[tuple[Client | None, Exception | None]]", polling: Handle) -> None:
        if not outcome:
            return
        polling.stop()
        opening, self._opening = self._opening, None
        client, error = outcome[0]
        if client is not None and client.fileno() == -1:
            client, error = None, DaemonAbsent("The daemon left as soon as it was started.")
        if client is not None:
            self._client = client
            self._watch = self._loop.watch(client.fileno(), self.process)
            self._tick = self._loop.every(_TICK_MS, self.process)
            self.nudge()
        self._on_change()
        if opening is not None:
            opening.settle(client, error)

    def _let_go(self) -> None:
        for handle in (self._watch, self._tick):
            if handle is not None:
                handle.stop()
        self._watch = self._tick = self._client = None
        self._on_change()


def daemon_listens() -> bool:
    """Whether a daemon can be connected to without starting one; takes no time."""
    with contextlib.suppress(
        ImportError, RetouchError, OSError
    ):  # no ZeroMQ here: the bridge is asked when needed
        from retouchml import paths
        from retouchml.client import transport

        return transport.listens(paths.address_path())
    return False


def make_client(start: bool) -> Any:
    """The client over ZeroMQ."""
    from retouchml.client.client import Client

    return Client(start=start, name="Krita")
