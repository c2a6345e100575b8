"""Editors in a sandbox of Flatpak or Snap, which hides the daemon's socket and its programs.

A daemon outside listens at a loopback port for those in which the plug-in is installed, and puts a connection
file into the application's own folder, which both sides see (``daemon.sandboxed_editors``). Where the sandbox
may run programs outside (``flatpak-spawn --host``), the plug-in starts the daemon itself.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from retouchml.errors import DaemonAbsent
from retouchml.system.file_names import INSTALL_RECORD
from retouchml.system.sandboxes import CONNECTION_FILE, FLATPAK, SNAP, shared_folder

_SNAPS = ("gimp", "krita")
_INFO = Path("/.flatpak-info")  # an ini file that Flatpak puts there (flatpak-run(1))
_SPAWN = "flatpak-spawn"
_BUS_POLICY = "Session Bus Policy"
_HOST_SERVICE = "org.freedesktop.Flatpak"  # flatpak-spawn(1): who may talk to it may run programs outside
_RESTART = "In a terminal: `retouchml daemon restart`. Then try again here."


@dataclass(frozen=True)
class Sandbox:
    """The sandbox that this process is in.

    kind:       ``FLATPAK`` or ``SNAP``
    app:        the application that it is for, such as ``org.gimp.GIMP`` or ``krita``
    folder:     where a daemon outside puts the connection file
    may_start:  whether programs outside can be started
    """

    kind: str
    app: str
    folder: Path
    may_start: bool = False

    @property
    def connection_file(self) -> Path:
        """Address and keys of the daemon outside; there while one listens for this sandbox."""
        return self.folder / CONNECTION_FILE

    def outside(self, command: Sequence[str], *, ends_with_us: bool = False) -> list[str]:
        """A command that runs outside of the sandbox. ends_with_us: it is ended when this process ends."""
        return [_SPAWN, "--host", *(["--watch-bus"] if ends_with_us else []), *command]


def current(info: Path = _INFO, environment: Mapping[str, str] = os.environ) -> "Sandbox | None":
    """The sandbox that this process is in; None outside of one."""
    home = Path(environment.get("HOME", "").strip() or Path.home())
    if app := flatpak_app(info):
        policy = _section(info, _BUS_POLICY).get(_HOST_SERVICE, "")
        may_start = policy in ("talk", "own") and shutil.which(_SPAWN) is not None
        data = environment.get("XDG_DATA_HOME", "").strip()
        return Sandbox(
            FLATPAK, app, Path(data, "retouchml") if data else shared_folder(FLATPAK, app, home), may_start
        )
    if snap := snap_app(environment):
        common = environment.get("SNAP_USER_COMMON", "").strip()
        return Sandbox(SNAP, snap, Path(common, "retouchml") if common else shared_folder(SNAP, snap, home))
    return None


def flatpak_app(info: Path = _INFO) -> str:
    """The application that the sandbox is for, such as ``org.gimp.GIMP``; "" outside a sandbox."""
    if not info.is_file():
        return ""
    return _section(info, "Application").get("name", "") or "APPLICATION"


def snap_app(environment: Mapping[str, str] = os.environ) -> str:
    """The editor of ours that runs in a sandbox of Snap, such as ``gimp``; "" outside of one."""
    # other programs from Snap, such as a terminal's, hand their variables on
    name = environment.get("SNAP_NAME", "") if environment.get("SNAP") else ""
    return name if name in _SNAPS else ""


def record_outside(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the record of RetouchML's installation outside lies; a sandbox need not see it."""
    # Flatpak says so where the user has another folder than the usual one
    data = environment.get("HOST_XDG_DATA_HOME", "").strip()
    return Path(data or Path.home() / ".local/share", "retouchml", INSTALL_RECORD)


def no_daemon(box: Sandbox) -> DaemonAbsent:
    """The error for a sandbox for which no daemon listens, with the one thing to do."""
    return DaemonAbsent(
        f"This editor runs in the {box.kind} sandbox of {box.app}, and no daemon listens for it outside.",
        _RESTART,
    )


def _section(info: Path, wanted: str) -> dict[str, str]:
    """The values of a section of an ini file, as far as it can be read."""
    try:
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    section, values = "", {}
    for line in map(str.strip, lines):
        if line.startswith("["):
            section = line.strip("[]")
        elif section == wanted and "=" in line:
            name, _equals, value = line.partition("=")
            values[name.strip()] = value.strip().rstrip(";")
    return values
