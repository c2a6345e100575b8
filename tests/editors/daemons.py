"""The daemon that the editors use: one at a time, in one home."""

from tests.daemon import running
from tests.daemon.running import Daemon


class Daemons:
    """Starts a daemon only if the last one has stopped or has another backend, as loading takes long."""

    def __init__(self) -> None:
        self.current: Daemon | None = None
        self._backend = ""

    def running(self, backend: str = "") -> Daemon:
        """A running daemon in RETOUCHML_HOME, with the real models or with a backend for tests."""
        if self.current is not None and backend != self._backend:
            self.current.close()
        if self.current is None or self.current.process.poll() is not None:
            self.current, self._backend = running.start("--device", "cpu", backend=backend), backend
        return self.current

    def close(self) -> None:
        """Stop it."""
        if self.current is not None:
            self.current.close()
