"""What a client needs of its connection, and which kind of connection this Python can make."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from retouchml.client import protocol
from retouchml.client.fields import take_bool, take_list, take_str
from retouchml.errors import RetouchError

Frames = Sequence["bytes | memoryview"]


@dataclass(frozen=True)
class ConnectOptions:
    """How the daemon is found.

    start: start a daemon if none runs; connection_file: of a daemon on TCP, "" for this user's own daemon;
    interpreter, start_options: as for ``launch.start``
    """

    start: bool = False
    connection_file: str = ""
    interpreter: tuple[str, ...] = ()
    start_options: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """As a map of the bridge."""
        return asdict(self)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "ConnectOptions":
        """Read it back. Raises ProtocolError."""
        return cls(
            take_bool(fields, "start"),
            take_str(fields, "connection_file", protocol.STRING_BYTES),
            tuple(map(str, take_list(fields, "interpreter", protocol.HEADER_ITEMS))),
            tuple(map(str, take_list(fields, "start_options", protocol.HEADER_ITEMS))),
        )


class Transport(Protocol):
    """A connection to the daemon that is opened, breaks, and can be opened again."""

    @property
    def is_open(self) -> bool:
        """Whether it was opened and not closed; the daemon may have stopped nevertheless."""

    def open(self) -> None:
        """Connect. Raises as ``discovery.find``."""

    def send(self, frames: Frames) -> None:
        """Send a message, whose frames must not change until it was answered.

        Raises DaemonLost or Refused.
        """

    def receive(self) -> "list[bytes | memoryview] | None":
        """A message that has arrived; None if there is none."""

    def wait(self, seconds: float) -> "RetouchError | None":
        """Wait for a message or for the end of the connection; the reason if it ended."""

    def fileno(self) -> int:
        """A descriptor that becomes readable when something has arrived; -1 while closed."""

    def close(self) -> None:
        """Close; what was sent has a moment to be transmitted."""


def new_transport(options: ConnectOptions) -> Transport:
    """ZeroMQ's transport if this Python has ZeroMQ, else the bridge; not opened yet."""
    try:
        import zmq.utils.monitor  # noqa: F401 (whether it loads is the question)
    except (ImportError, OSError):
        from retouchml.client.bridge import BridgeTransport

        return BridgeTransport(options)
    from retouchml.client.zmq_transport import ZmqTransport

    return ZmqTransport(options)
