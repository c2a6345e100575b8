"""Connection files for editors in sandboxes of Flatpak and Snap, which cannot see the daemon's socket.

Each lies in the application's own folder, which both sides see, while the daemon listens. Only editors in
which the user has installed the plug-in get one.
"""

import contextlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from retouchml.client import connection_file
from retouchml.client.connection_file import Connection
from retouchml.errors import Refused
from retouchml.system import editors
from retouchml.system.files import private_folder
from retouchml.system.sandboxes import CONNECTION_FILE

_log = logging.getLogger(__name__)


def folders() -> list[Path]:
    """The folders of editors in sandboxes in which the plug-in is installed."""
    return editors.sandboxed_folders()


class SandboxFiles:
    """The connection files that this daemon has written."""

    def __init__(self) -> None:
        self._written: dict[Path, Connection] = {}

    def write(self, wanted: Sequence[Path], connection: Connection) -> None:
        """Write one into each folder, without the server's key. A folder that cannot be written is logged."""
        shown = replace(connection, server_secret="")
        for folder in wanted:
            file = folder / CONNECTION_FILE
            try:
                private_folder(folder)
                connection_file.write(file, shown)
            except (OSError, Refused) as error:
                _log.warning("an editor in a sandbox cannot use this daemon: %s", error)
                continue
            self._written[file] = shown

    def remove(self) -> None:
        """Remove those that are still this daemon's."""
        for file, shown in self._written.items():
            with contextlib.suppress(OSError, Refused):
                if connection_file.read(file) == shown:
                    file.unlink()
        self._written.clear()
