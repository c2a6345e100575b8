"""A real GIMP 3 for tests, in a Debian of its own, since Debian 12 has none."""

from install.console import Console
from tests.editors.setup import debian_folder

_SUITE, _NEXT_SUITE = "trixie", "forky"
_PACKAGES = (
    *("gimp", "gir1.2-gimp-3.0", "gir1.2-gtk-3.0", "python3", "python3-gi", "python3-gi-cairo"),
    "python3-venv",  # for the welcome page's set-up
    *("xvfb", "xauth", "xdotool", "imagemagick", "openbox", "dbus", "dbus-daemon"),
    *("fonts-dejavu-core", "procps"),
)


def provide(console: Console) -> dict[str, str]:
    """GIMP 3.0, of Debian 13. Raises InstallError."""
    root = debian_folder.make(_SUITE, _SUITE, _PACKAGES, "GIMP 3.0", console)
    return {"RETOUCHML_TEST_GIMP": str(root)}


def provide_next(console: Console) -> dict[str, str]:
    """GIMP 3.2, of Debian's next version, which may break any day. Raises InstallError."""
    root = debian_folder.make(_NEXT_SUITE, _NEXT_SUITE, _PACKAGES, "GIMP 3.2", console)
    return {"RETOUCHML_TEST_GIMP_NEXT": str(root)}
