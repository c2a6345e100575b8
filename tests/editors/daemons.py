"""The daemon that the editors reach: one after the other, in one home."""

from tests.daemon import running
from tests.daemon.running import Daemon


class Daemons:
    """A new daemon only where the last one has ended, or has another engine: loading takes long."""

    def __init__(self) -> None:
        self.current: Daemon | None = None
        self._engine = ""

    def running(self, engine: str = "") -> Daemon:
        """The one that runs, with the real models or with an engine for tests; RETOUCHML_HOME is its home."""
        if self.current is not None and engine != self._engine:
            self.current.close()
        if self.current is None or self.current.process.poll() is not None:
            self.current, self._engine = running.start("--device", "cpu", engine=engine), engine
        return self.current

    def close(self) -> None:
        """End it."""
        if self.current is not None:
            self.current.close()
