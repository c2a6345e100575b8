"""A daemon of another home that listens on TCP: what an editor knows as another machine."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from retouchml import paths
from retouchml.client import connection_file
from tests.daemon import running
from tests.daemon.running import Daemon, until
from tests.ports import free_port


class Studio:
    """The other machine. file: its invitation, in a folder that the editor sees; address: HOST:PORT"""

    def __init__(self, home: Path, backend: str, folder: Path) -> None:
        self._home, self._backend = home, backend
        self._daemon = self._start(f"127.0.0.1:{free_port()}")
        with self._at_home():
            own = paths.runtime_dir() / connection_file.NAME
        self.address = connection_file.read(own).endpoint.removeprefix("tcp://")
        self.file = folder / "studio.json"
        shutil.copy(own, self.file)

    def _start(self, address: str) -> Daemon:
        with self._at_home():
            return running.start("--device", "cpu", "--tcp", address, backend=self._backend)

    @contextmanager
    def _at_home(self) -> Iterator[None]:
        before = os.environ["RETOUCHML_HOME"]
        os.environ["RETOUCHML_HOME"] = str(self._home)
        try:
            yield
        finally:
            os.environ["RETOUCHML_HOME"] = before

    @property
    def photos(self) -> int:
        """How many photographs are open there."""
        with self._at_home():
            return self._daemon.status().photos

    def lose(self) -> None:
        """Kill it."""
        self._daemon.kill()

    def bring_back(self) -> None:
        """Start it again at the same address, with the same keys."""
        self._daemon = self._start(self.address)

    def close(self) -> None:
        """Stop it."""
        with self._at_home():
            self._daemon.close()


@contextmanager
def studio(backend: str, editor_home: Path) -> Iterator[Studio]:
    """A block with another machine, after which the editor's settings are as before."""
    settings, remotes = (editor_home / "config" / name for name in ("config.toml", "remotes"))
    with TemporaryDirectory(prefix="rmls") as home, TemporaryDirectory(dir=editor_home) as shared:
        there = Studio(Path(home), backend, Path(shared))
        try:
            yield there
        finally:
            there.close()
            settings.unlink(missing_ok=True)
            shutil.rmtree(remotes, ignore_errors=True)


def takes(there: Studio, photos: int) -> bool:
    """Whether it gets to have so many photographs open."""
    return until(lambda: there.photos == photos)
