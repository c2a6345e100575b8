"""Where RetouchML keeps its files: the XDG folders, or everything below ``RETOUCHML_HOME``."""

import os
from pathlib import Path

import platformdirs

APP = "retouchml"


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


def cache_dir() -> Path:
    """Folder of inversions, kept by content; may not exist yet."""
    return _folder("cache")


def private_dir(path: Path) -> Path:
    """Create ``path`` for this user alone (mode 0700) and return it.

    Only folders that are created here get that mode: one that existed keeps what its owner chose.
    """
    if not path.is_dir():
        private_dir_parent = path.parent
        private_dir_parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.mkdir(mode=0o700, exist_ok=True)
    return path
