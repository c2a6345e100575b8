"""RetouchML's folders outside the checkout, by the system's conventions: as ``retouchml.paths`` has them."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from retouchml.system.file_names import INSTALL_RECORD


@dataclass(frozen=True)
class Folders:
    """Where RetouchML keeps its files on this machine; none of the folders need exist."""

    config: Path
    data: Path
    cache: Path

    @property
    def models(self) -> Path:
        """Fetched models."""
        return self.data / "models"

    @property
    def record(self) -> Path:
        """The file by which editors find this checkout's interpreter."""
        return self.data / INSTALL_RECORD


def default_folders() -> Folders:
    """The folders, worked out without the virtual environment, which may be broken or gone."""
    home = os.environ.get("RETOUCHML_HOME")
    if home:
        top = Path(home).expanduser().absolute()
        return Folders(top / "config", top / "data", top / "cache")
    return _conventional(sys.platform, Path.home())


def _conventional(platform: str, user: Path) -> Folders:
    if platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA") or user / "AppData" / "Local") / "retouchml"
        return Folders(local, local, local / "Cache")
    if platform == "darwin":
        library = user / "Library"
        support = library / "Application Support" / "retouchml"
        return Folders(support, support, library / "Caches" / "retouchml")

    def xdg(name: str, default: str) -> Path:
        return Path(os.environ.get(name, "").strip() or user / default) / "retouchml"

    return Folders(
        xdg("XDG_CONFIG_HOME", ".config"),
        xdg("XDG_DATA_HOME", ".local/share"),
        xdg("XDG_CACHE_HOME", ".cache"),
    )
