"""Folders that an editor in a sandbox and a program outside both see. Standard library only."""

from pathlib import Path

FLATPAK, SNAP = "Flatpak", "Snap"
CONNECTION_FILE = "daemon.json"
"""The connection file of the daemon outside, in ``shared_folder``."""


def shared_folder(kind: str, app: str, home: Path) -> Path:
    """RetouchML's folder among the application's own, seen from outside.

    flatpak(1): ``~/.var/app/APP/data`` is ``XDG_DATA_HOME`` inside. Snap: ``SNAP_USER_COMMON``, which all
    revisions share.
    """
    if kind == FLATPAK:
        return home / ".var" / "app" / app / "data" / "retouchml"
    return home / "snap" / app / "common" / "retouchml"
