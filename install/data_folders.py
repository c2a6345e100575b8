"""RetouchML's folders outside the checkout, and the record by which editors find it."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from install import processes
from install.checkout import PYTHON, TOP
from install.problem import Problem
from retouchml.system.files import write_atomically

RECORD = "install.json"
SETTINGS = "config.toml"

_ASK = """
import json, retouchml
from retouchml import paths
folders = (paths.config_dir(), paths.data_dir(), paths.cache_dir())
print(json.dumps([retouchml.__version__, *map(str, folders)]))
"""


@dataclass(frozen=True)
class Folders:
    """Where RetouchML keeps its files on this machine; none of them need exist."""

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
        return self.data / RECORD


def write_record(*, keep: bool = False) -> Path:
    """Tell editors which interpreter to start: write ``install.json`` into the data folder and say where.

    keep: leave a record alone whose interpreter is there. Raises Problem.
    """
    version, folders = _ask()
    content = json.dumps({"python": str(PYTHON), "version": version, "checkout": str(TOP)}, indent=2) + "\n"
    try:
        if folders.record.is_file():
            written = folders.record.read_text(encoding="utf-8")
            if written == content or (keep and _is_served(written)):
                return folders.record
        folders.data.mkdir(parents=True, exist_ok=True)
        write_atomically(folders.record, content.encode(), 0o644)
    except OSError as error:
        raise Problem(
            f"{folders.record} cannot be written: {error.strerror}.",
            "Make its folder writable, or choose another with RETOUCHML_HOME.",
        ) from error
    return folders.record


def _is_served(record: str) -> bool:
    try:
        return Path(json.loads(record)["python"]).is_file()
    except (ValueError, KeyError, TypeError):
        return False


def find() -> Folders:
    """The folders, as the installed RetouchML knows them, or else by the system's customs."""
    try:
        return _ask()[1]
    except (Problem, OSError):
        return customary()


def customary() -> Folders:
    """The folders, worked out without the virtual environment, which may be broken or gone."""
    home = os.environ.get("RETOUCHML_HOME")
    if home:
        top = Path(home).expanduser().absolute()
        return Folders(top / "config", top / "data", top / "cache")
    return _by_custom(sys.platform, Path.home())


def _by_custom(platform: str, user: Path) -> Folders:
    if platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA") or user / "AppData" / "Local") / "retouchml"
        return Folders(local, local, local / "Cache")
    if platform == "darwin":
        library = user / "Library"
        support = library / "Application Support" / "retouchml"
        return Folders(support, support, library / "Caches" / "retouchml")

    def xdg(name: str, otherwise: str) -> Path:
        return Path(os.environ.get(name, "").strip() or user / otherwise) / "retouchml"

    return Folders(
        xdg("XDG_CONFIG_HOME", ".config"),
        xdg("XDG_DATA_HOME", ".local/share"),
        xdg("XDG_CACHE_HOME", ".cache"),
    )


def _ask() -> tuple[str, Folders]:
    outcome = processes.run([PYTHON, "-c", _ASK], log=False)
    if outcome.code != 0:
        raise Problem(f"The installed RetouchML does not work: {outcome.last_line}")
    version, *folders = json.loads(outcome.last_line)
    return version, Folders(*map(Path, folders))
