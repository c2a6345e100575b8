"""Editors in a Flatpak sandbox, which can neither reach nor start a daemon outside."""

from pathlib import Path

from retouchml.errors import DaemonAbsent

_INFO = Path("/.flatpak-info")  # an ini file that Flatpak puts there (flatpak-run(1))


def flatpak_app(info: Path = _INFO) -> str:
    """The application that the sandbox is for, such as ``org.gimp.GIMP``; "" outside a sandbox."""
    try:
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    names = [line.partition("=")[2].strip() for line in lines if line.partition("=")[0].strip() == "name"]
    return names[0] if names else "APPLICATION"


def cannot_see_daemon(app: str) -> DaemonAbsent:
    """The error for an editor in the sandbox of ``app``, with what to do."""
    return DaemonAbsent(
        f"This editor runs in the Flatpak sandbox of {app} and cannot reach the daemon outside.",
        f"In a terminal: `flatpak override --user --filesystem=xdg-run/retouchml:create {app}`, then "
        "`retouchml daemon start`, and start the editor again.",
    )
