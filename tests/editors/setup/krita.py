"""A real Krita for tests: Debian's own packages, with a virtual screen and a tool that moves its mouse.

The coming version lives in a Debian of its own, and draws on the machine's virtual screen.
"""

from install.console import Console
from tests.editors.setup import apt, debian_folder

# Krita's plug-in host loads with PyQt5 present only, which Debian's package merely recommends
_PACKAGES = (
    *("krita", "python3-pyqt5", "python3-pyqt5.sip"),
    *("xvfb", "xauth", "xdotool", "imagemagick", "openbox", "dbus", "dbus-daemon", "fonts-dejavu-core"),
)
_NEXT_SUITE = "trixie"
_NEXT_PACKAGES = ("krita", "python3-pyqt5", "python3-pyqt5.sip", "dbus", "dbus-daemon", "fonts-dejavu-core")


def provide(console: Console) -> dict[str, str]:
    """Install what is missing. Raises InstallError."""
    apt.install(_PACKAGES, "Krita for tests", console)
    return {"RETOUCHML_TEST_KRITA": "1"}


def provide_next(console: Console) -> dict[str, str]:
    """Krita 5.2, of Debian 13. Raises InstallError."""
    root = debian_folder.make(f"{_NEXT_SUITE}-krita", _NEXT_SUITE, _NEXT_PACKAGES, "Krita 5.2", console)
    return {"RETOUCHML_TEST_KRITA_NEXT": str(root)}
