"""A real Krita for tests: Debian's own packages, with a virtual screen and a tool that moves its mouse.

The coming version lives in a Debian of its own, and draws on the machine's virtual screen.
"""

from install import processes
from install.checkout import LOG
from install.console import Console
from install.errors import InstallError
from retouchml.system.processes import redacted
from tests.editors.setup import debian_folder

# Krita's plug-in host loads with PyQt5 present only, which Debian's package merely recommends
_PACKAGES = (
    *("krita", "python3-pyqt5", "python3-pyqt5.sip"),
    *("xvfb", "xauth", "xdotool", "imagemagick", "openbox", "dbus", "dbus-daemon", "fonts-dejavu-core"),
)
_NEXT_SUITE = "trixie"
_NEXT_PACKAGES = ("krita", "python3-pyqt5", "python3-pyqt5.sip", "dbus", "dbus-daemon", "fonts-dejavu-core")
_APT = ("apt-get", "-o", "DPkg::Lock::Timeout=300")  # another set-up may be at work


def provide(console: Console) -> dict[str, str]:
    """Install what is missing. Raises InstallError."""
    missing = [name for name in _PACKAGES if not _is_installed(name)]
    if missing:
        with console.step("Krita for tests") as tick:
            quiet = processes.environment(DEBIAN_FRONTEND="noninteractive")
            for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing]):
                outcome = processes.run([*_APT, *command], tick, quiet)
                if outcome.code != 0:
                    raise InstallError(f"apt-get failed: {redacted(outcome.last_line)}", f"The log is {LOG}.")
    return {"RETOUCHML_TEST_KRITA": "1"}


def provide_next(console: Console) -> dict[str, str]:
    """Krita 5.2, of Debian 13. Raises InstallError."""
    root = debian_folder.make(f"{_NEXT_SUITE}-krita", _NEXT_SUITE, _NEXT_PACKAGES, "Krita 5.2", console)
    return {"RETOUCHML_TEST_KRITA_NEXT": str(root)}


def _is_installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat", "${db:Status-Status}", package]
    return processes.run(query, log=False).output.strip() == "installed"
