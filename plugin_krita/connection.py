"""The connection to the daemon on an editor's event loop, and what tasks wait for.

To connect may take long: libraries are loaded, and the daemon is started. A thread does that and hands over
the client; from then on, only the event loop uses it.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from retouchml.client.connection_errors import stopped_at_once
from retouchml.errors import Cancelled, RetouchError
from retouchml.progress import Progress
from retouchml.system.failures import unexpected

from . import texts
from .event_loop import EventLoop, Function, Handle
from .view_state import OFF, READY, STARTING

if TYPE_CHECKING:
    from retouchml.client.client import Client
    from retouchml.client.photo_session import OnConnected

_POLL_MS = 40
_PROCESS_MS = 250  # the descriptor does not tell of a daemon that stopped
_SOON_MS = 20

MakeClient = Callable[[bool], "Client"]
"""Called with whether to start the daemon; a client that is not connected yet."""


class Connecting:
    """A connection being made; a task can wait for it as for a ``Call``."""

    def __init__(self) -> None:
        self.done = False
        self.on_done: Callable[[Connecting], None] | None = None
        self.on_progress: Progress | None = None
        self._client: Client | None = None
        self._error: Exception | None = None

    @property
    def error(self) -> Exception | None:
        """Why it failed."""
        return self._error

    def result(self) -> "Client":
        """The client. Raises what ``Client.connect`` does, or Cancelled after ``Connection.close``."""
        if self._client is None:
            raise self._error or _closed()
        return self._client

    def cancel(self) -> None:
        """Do nothing: a daemon that starts is of use next time."""

    def finish(self, client: "Client | None", error: Exception | None) -> None:
        """Set the outcome."""
        self._client, self._error = client, error
        self.done = True
        if self.on_done is not None:
            self.on_done(self)


class Connection:
    """The plug-in's connection to the daemon of the machine that the settings name.

    ``on_change`` is called when its state changes.
    """

    def __init__(self, loop: EventLoop, make_client: MakeClient, on_change: Function) -> None:
        self._loop = loop
        self._make_client = make_client  # called in a thread
        self._on_change = on_change
        self._connecting: list[Connecting] = []  # all get the outcome of the one attempt under way
        self._attempt = 0  # its number; the outcome of an earlier one is of no use
        self._client: Client | None = None
        self._watch: Handle | None = None
        self._timer: Handle | None = None
        self._soon: Handle | None = None
        self._chosen = chosen_remote()
        self._is_untried = bool(self._chosen)

    @property
    def state(self) -> str:
        """``OFF``, ``STARTING`` or ``READY``."""
        if self._client is not None:
            return READY
        return STARTING if self._connecting else OFF

    @property
    def client(self) -> "Client | None":
        """The connected client."""
        return self._client

    @property
    def remote(self) -> str:
        """The name of the other machine that does the work; "" for this one."""
        return self._chosen if self._client is None else self._client.remote

    @property
    def instead(self) -> str:
        """Why this machine does the work in place of the chosen one; "" if it does not."""
        return "" if self._client is None else why_instead(self._client)

    def change_machine(self) -> None:
        """Disconnect, and work with the machine that the settings name now."""
        self.close()
        self._chosen = chosen_remote()
        self._is_untried = bool(self._chosen)

    def look_for_daemon(self, *, here: bool) -> None:
        """Connect if that takes no waiting, and start nothing.

        To another machine once, to be able to say whether it answers. here: look whether a daemon listens on
        this one, which another program may have started
        """
        if here and self.state == OFF and daemon_listens():
            self.open(start=False)
        elif self._is_untried:
            self._is_untried = False
            self.open(start=False)

    def start(self) -> Connecting:
        """Connect, and start the daemon unless it is another machine's."""
        self._chosen = chosen_remote()
        return self.open(start=True)

    def open(self, start: bool) -> Connecting:
        """Connect, unless that was done or is under way. start: start the daemon if none runs."""
        connecting = Connecting()
        if self._client is not None and self._client.is_connected:
            connecting.finish(self._client, None)
            return connecting
        self._drop_client()
        self._connecting.append(connecting)
        if len(self._connecting) == 1:
            self._attempt += 1
            attempt = self._attempt
            outcome: list[tuple[Client | None, Exception | None]] = []
            threading.Thread(target=self._connect, args=(start, outcome), daemon=True).start()
            poll = self._loop.every(_POLL_MS, lambda: self._take_outcome(attempt, outcome, poll))
            self._on_change()
        return connecting

    def reconnect(self, on_connected: "OnConnected") -> None:
        """Connect for a ``PhotoSession`` that lost its client."""

        def finish(connecting: Connecting) -> None:
            try:
                on_connected(connecting.result())
            except RetouchError as error:
                on_connected(error)
            except Exception as error:  # of a library that does not load
                on_connected(RetouchError(unexpected(error, texts.text)))

        connecting = self.open(start=True)
        if connecting.done:
            self._loop.later(lambda: finish(connecting))
        else:
            connecting.on_done = finish

    def nudge(self) -> None:
        """Process soon; to be called after each request, as the descriptor tells of changes only."""
        self._loop.later(self.process)

    def process(self) -> None:
        """Process what has arrived."""
        client = self._client
        if client is None:
            return
        client.process()
        client.process()  # callbacks may have sent requests
        if not client.is_connected and client is self._client:
            self._drop_client()
        elif client.has_timers and self._soon is None:
            self._soon = self._loop.after(_SOON_MS, self._process_again)

    def _process_again(self) -> None:
        self._soon = None
        self.process()

    def close(self) -> None:
        """Disconnect. An attempt under way is forgotten: all that wait for it end with Cancelled."""
        if self._connecting:
            self._attempt += 1
            self._end_attempt(None, _closed())
        client = self._client
        self._drop_client()
        if client is not None:
            client.close()

    def _connect(self, start: bool, outcome: "list[tuple[Client | None, Exception | None]]") -> None:
        try:
            client = self._make_client(start)
            client.connect()
        except Exception as error:  # this is a thread: the event loop gets the error
            outcome.append((None, error))
        else:
            outcome.append((client, None))

    def _take_outcome(
        self, attempt: int, outcome: "list[tuple[Client | None, Exception | None]]", poll: Handle
    ) -> None:
        if not outcome:
            return
        poll.stop()
        client, error = outcome[0]
        if attempt != self._attempt:
            if client is not None:
                client.close()
            return
        if client is not None and not client.is_connected:
            client, error = None, stopped_at_once()
        if client is not None:
            self._client = client
            self._watch = self._loop.watch(client.fileno(), self.process)
            self._timer = self._loop.every(_PROCESS_MS, self.process)
            self.nudge()
        self._end_attempt(client, error)

    def _end_attempt(self, client: "Client | None", error: Exception | None) -> None:
        connecting, self._connecting = self._connecting, []
        self._on_change()
        for each in connecting:
            each.finish(client, error)

    def _drop_client(self) -> None:
        if self._client is None:
            return
        for handle in (self._watch, self._timer):
            if handle is not None:
                handle.stop()
        self._watch = self._timer = self._client = None
        self._on_change()


def _closed() -> Cancelled:
    return Cancelled("The connection was closed.")


def daemon_listens() -> bool:
    """Whether this machine's daemon does the work, and can be connected to; takes no time."""
    try:
        from retouchml import paths
        from retouchml.client import discovery, machines_page

        return not machines_page.chosen() and discovery.listens(paths.address_path())
    except (ImportError, RetouchError, OSError):  # without ZeroMQ, the bridge connects when it is needed
        return False


def make_client(start: bool) -> "Client":
    """A client for Krita, of the machine that the settings name."""
    from retouchml.client import machines_page

    return machines_page.new_client("Krita", start=start)


def chosen_remote() -> str:
    """The name of the other machine that does the work; "" for this one."""
    from retouchml.client import machines_page

    return machines_page.chosen()


def why_instead(client: "Client") -> str:
    """Why this machine does the work in place of the chosen one; "" if it does not."""
    from retouchml.client import machines_page

    return machines_page.at_work(client).sentence if client.fallback_reason is not None else ""
