"""Editors in a Flatpak sandbox, which can neither reach nor start a daemon outside."""

import os
from collections.abc import Mapping
from pathlib import Path

from retouchml.errors import DaemonAbsent

_SNAPS = ("gimp", "krita")
_INFO = Path("/.flatpak-info")  # an ini file that Flatpak puts there (flatpak-run(1))


def flatpak_app(info: Path = _INFO) -> str:
    """The application that the sandbox is for, such as ``org.gimp.GIMP``; "" outside a sandbox."""
    try:
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    names = [line.partition("=")[2].strip() for line in lines if line.partition("=")[0].strip() == "name"]
    return names[0] if names else "APPLICATION"


def snap_app(environment: Mapping[str, str] = os.environ) -> str:
    """The editor of ours that runs in a sandbox of Snap, such as ``gimp``; "" outside of one."""
    # other programs from Snap, such as a terminal's, hand their variables on
    name = environment.get("SNAP_NAME", "") if environment.get("SNAP") else ""
    return name if name in _SNAPS else ""


def check() -> None:
    """Raise DaemonAbsent, with what to do, if this process is an editor in a sandbox."""
    if app := flatpak_app():
        raise cannot_see_daemon(app)
    if snap := snap_app():
        raise DaemonAbsent(
            f"This editor runs in the Snap sandbox of {snap}, which hides the daemon.",
            f"Use {snap} from Flatpak, or from your distribution's packages.",
        )


def cannot_see_daemon(app: str) -> DaemonAbsent:
    """The error for an editor in the sandbox of ``app``, with what to do."""
    return DaemonAbsent(
        f"This editor runs in the Flatpak sandbox of {app} and cannot reach the daemon outside.",
        f"In a terminal: `flatpak override --user --filesystem=xdg-run/retouchml:create {app}`, then "
        "`retouchml daemon start`, and start the editor again.",
    )
