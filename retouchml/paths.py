"""Where RetouchML keeps its files: the XDG folders, or everything below ``RETOUCHML_HOME``."""

import os
import sys
from pathlib import Path

import platformdirs

from retouchml.errors import UsageError

APP = "retouchml"

# sun_path has 108 bytes on Linux and 104 on macOS, the closing zero among them (unix(7), unix(4))
SOCKET_PATH_LIMIT = 103 if sys.platform == "darwin" else 107
IPC = sys.platform != "win32"
"""Whether the daemon listens at a Unix socket; otherwise at a loopback port, named by a connection file."""
LOCK = "lock"
"""The file in the runtime folder that the daemon keeps locked while it runs."""
RESULT_CACHES = ("searches", "inversions", "paths", "tunings")
"""Folders in the cache folder: of detected faces, inversions, score paths and weights tuned to a face."""


def _folder(kind: str) -> Path:
    home = os.environ.get("RETOUCHML_HOME")
    if home:
        return Path(home).expanduser().absolute() / kind
    locate = {
        "config": platformdirs.user_config_path,
        "data": platformdirs.user_data_path,
        "cache": platformdirs.user_cache_path,
    }[kind]
    return locate(APP, appauthor=False)


def config_dir() -> Path:
    """Folder of ``config.toml``; may not exist yet."""
    return _folder("config")


def data_dir() -> Path:
    """Folder of fetched models and of the installer's JSON file; may not exist yet."""
    return _folder("data")


def models_dir() -> Path:
    """Folder of fetched and imported models; may not exist yet."""
    return data_dir() / "models"


def weights_dir() -> Path:
    """Folder of learned parts that the user trained, used in place of the shipped ones; may not exist yet."""
    return data_dir() / "weights"


def cache_dir() -> Path:
    """Folder of intermediate results for faces seen before; may not exist yet."""
    return _folder("cache")


def runtime_dir() -> Path:
    """Folder of the daemon's socket, lock and log; may not exist yet.

    ``$XDG_RUNTIME_DIR/retouchml`` if the system has such a folder for this user, else a folder in the cache.
    """
    if os.environ.get("RETOUCHML_HOME"):
        return _folder("run")
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    if Path(folder).is_absolute() and os.access(folder, os.W_OK | os.X_OK) and _is_mine(Path(folder)):
        return Path(folder) / APP
    return cache_dir() / "run"


def address_path() -> Path:
    """The file by which a client finds the daemon: its socket, or its connection file.

    Raises UsageError.
    """
    return socket_path() if IPC else runtime_dir() / "loopback.json"


def socket_path() -> Path:
    """The daemon's socket in the runtime folder.

    Raises UsageError if the path is longer than the system allows.
    """
    path = runtime_dir() / "socket"
    length = len(os.fsencode(path))
    if length > SOCKET_PATH_LIMIT:
        raise UsageError(
            f"The path of the daemon's socket, {path}, has {length} bytes; {SOCKET_PATH_LIMIT} are allowed.",
            "Set XDG_RUNTIME_DIR or RETOUCHML_HOME to a folder with a shorter name.",
        )
    return path


def _is_mine(folder: Path) -> bool:
    # `su` and `sudo` may leave the former user's folder in the environment
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
