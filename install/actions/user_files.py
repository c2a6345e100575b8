"""The files that RetouchML keeps for its user: models, cache, settings, sockets and logs."""

from collections.abc import Callable, Iterable
from pathlib import Path

from install import running_daemon
from install.actions.base import Part, existing
from install.checkout import SET_UP_COPIES
from install.data_folders import Folders
from retouchml.system.file_names import PRESETS, SETTINGS


class UserFiles(Part):
    """Files below RetouchML's folders, which go as they are.

    locate: their paths, whether they exist or not
    """

    def __init__(
        self, title: str, locate: Callable[[Folders], Iterable[Path]], *, used_by_daemon: bool = False
    ) -> None:
        self.title = title
        self.used_by_daemon = used_by_daemon
        self._locate = locate

    def installed(self, folders: Folders) -> list[Path]:
        """Those that exist."""
        return existing(self._locate(folders))


def _settings(folders: Folders) -> list[Path]:
    # on Windows and macOS, the folder is that of the models, too
    if folders.config != folders.data:
        return [folders.config]
    return [folders.config / SETTINGS, folders.config / PRESETS]


MODELS = UserFiles("fetched models", lambda folders: [folders.models], used_by_daemon=True)
CACHE = UserFiles("what is kept of faces for speed", lambda folders: [folders.cache], used_by_daemon=True)
CONFIG = UserFiles("your settings and presets", _settings)
RUN = UserFiles("the daemon's socket and logs", running_daemon.runtime_folders, used_by_daemon=True)
COPIES = UserFiles("what can make the engine anew", lambda _folders: [SET_UP_COPIES])
RECORD = UserFiles("how editors find RetouchML", lambda folders: [folders.record])
