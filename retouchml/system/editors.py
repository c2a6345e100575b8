"""Where GIMP, Krita and darktable keep their users' plug-ins: each version, Flatpak, Snap, Windows, macOS.

The installer puts plug-ins there, and ``retouchml doctor`` looks at them.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from retouchml.system.processes import clean_environment
from retouchml.system.sandboxes import FLATPAK, SNAP, shared_folder

_FLATPAK_OF_GIMP = "flatpak/runtime/org.gimp.GIMP.Plugin.RetouchML"
_PACKAGED = (
    (FLATPAK, "org.gimp.GIMP", (_FLATPAK_OF_GIMP, f"/var/lib/{_FLATPAK_OF_GIMP}")),
    (SNAP, "gimp", ("/snap/gimp/current/usr/lib/gimp/3.0/plug-ins/retouchml-beautify",)),
)
"""Where the plug-in lies that came with a package of a sandbox, from the user's folder of data."""
SCRIPT = "retouchml.lua"
"""darktable's script, in its folder."""
_SECONDS = 20.0  # that a program may take to say its version
_HAS_GI = "import gi; gi.require_version('Gimp', '3.0')"


@dataclass(frozen=True)
class Profile:
    """A user's profile of an editor, into which a plug-in can be installed.

    title:    for people, such as "GIMP 3.0 (Flatpak)"
    plugins:  the folder of plug-ins; may not exist yet
    settings: the editor's file of settings; may not exist yet
    sandbox:  ``FLATPAK``, ``SNAP`` or ""
    app:      the application's name in its sandbox
    may_be_shared: whether an editor outside the sandbox uses the same profile, if there is one
    """

    title: str
    plugins: Path
    settings: Path
    sandbox: str = ""
    app: str = ""
    may_be_shared: bool = False


@dataclass(frozen=True)
class Place:
    """Where an editor may keep profiles on one kind of system.

    base:     the folder in which they lie
    profiles: a pattern for each profile's own folder in it, "." for the base itself
    settings: the file of settings, from that folder
    sandbox, app: as in ``Profile``
    shared_with: the application's name of a Flatpak that keeps its profiles here, too, if it is installed
    """

    base: Path
    profiles: str
    settings: str
    sandbox: str = ""
    app: str = ""
    shared_with: str = ""


@dataclass(frozen=True)
class UserFolders:
    """A user's own folders, by the system's conventions."""

    home: Path
    environment: Mapping[str, str]

    def named(self, variable: str, default: str) -> Path:
        """The folder that an environment variable names, else ``default`` below the home."""
        return Path(self.environment.get(variable, "").strip() or self.home / default)

    def has_flatpak(self, app: str) -> bool:
        """Whether that application is installed from Flatpak, for this user or for all."""
        data = self.named("XDG_DATA_HOME", ".local/share")
        roots = (data / "flatpak", Path("/var/lib/flatpak"), self.home / ".local/share/flatpak")
        return (self.home / ".var/app" / app).is_dir() or any((root / "app" / app).is_dir() for root in roots)


@dataclass(frozen=True)
class Editor:
    """An image editor.

    name:    as in ``install NAME``
    title:   for people
    plugins: the folder of plug-ins in a profile
    folder:  the name of our plug-in's folder in that one
    places:  where profiles may lie, by ``sys.platform``; Linux stands for all others
    first:   the profile that an installed editor makes at its first start; None if it is not installed
    """

    name: str
    title: str
    plugins: str
    folder: str
    places: Callable[[UserFolders], Mapping[str, tuple[Place, ...]]]
    first: Callable[[UserFolders], "Path | None"]

    def find(self, platform: str = sys.platform) -> list[Profile]:
        """The profiles that exist on this machine."""
        return [profile for place in self.on(platform) for profile in self._profiles(place)]

    def on(self, platform: str = sys.platform) -> tuple[Place, ...]:
        """Where profiles may lie on such a system."""
        places = self.places(_user())
        return places.get(platform, places["linux"])

    def first_profile(self) -> Profile | None:
        """The profile that an installed editor makes at its first start; None if it is not installed."""
        folder = self.first(_user()) if sys.platform not in ("win32", "darwin") else None
        return None if folder is None else self._profile(self.on()[0], folder)

    def _profiles(self, place: Place) -> Iterator[Profile]:
        folders = [place.base] if place.profiles == "." else sorted(place.base.glob(place.profiles))
        yield from (self._profile(place, folder) for folder in folders if folder.is_dir())

    def _profile(self, place: Place, folder: Path) -> Profile:
        title = self.title if folder == place.base else f"{self.title.split()[0]} {folder.name}"
        sandbox, app, is_shared = place.sandbox, place.app, False
        if place.shared_with and _user().has_flatpak(place.shared_with):
            sandbox, app, is_shared = FLATPAK, place.shared_with, True
        if sandbox:
            title = f"{title} ({sandbox})"
        return Profile(title, folder / self.plugins, folder / place.settings, sandbox, app, is_shared)


def sandboxed_folders() -> list[Path]:
    """What editors in sandboxes that have the plug-in share with what is outside, a folder each."""
    home = Path.home()
    packaged = [
        shared_folder(kind, app, home)
        for kind, app, places in _PACKAGED
        if any(_user().named("XDG_DATA_HOME", ".local/share").joinpath(place).is_dir() for place in places)
    ]
    found = [
        shared_folder(profile.sandbox, profile.app, home)
        for editor in (GIMP, KRITA)
        for profile in editor.find()
        if profile.sandbox and (profile.plugins / editor.folder).is_dir()
    ]
    return list(dict.fromkeys([*found, *packaged]))


def plugin_version(folder: Path) -> str | None:
    """The version of RetouchML in a plug-in's folder; "" if it does not say, None if there is no plug-in."""
    text = None
    for name in ("retouchml/__init__.py", SCRIPT):
        with suppress(OSError):
            text = text or (folder / name).read_text(encoding="utf-8", errors="replace")
    if text is None:
        return None
    found = re.search(r'^(?:__version__|local VERSION) = "([^"]+)"', text, re.MULTILINE)
    return found[1] if found else ""


def python_of_gimp(environment: Mapping[str, str] = os.environ) -> str | None:
    """The Python that GIMP should run plug-ins with; None if none on this machine can.

    "" if the first ``python3`` on the path can: GIMP starts a plug-in's file by its first line, which names
    that one. Where it lacks ``gi``, GIMP hides every plug-in in Python, and says nothing.
    """
    folders = [*environment.get("PATH", "").split(os.pathsep), "/usr/bin", "/usr/local/bin"]
    candidates = [path for folder in folders if folder and os.access(path := f"{folder}/python3", os.X_OK)]
    for place, python in enumerate(dict.fromkeys(candidates)):
        if _runs([python, "-c", _HAS_GI]) is not None:
            return "" if place == 0 else python
    return None


def _gimp_places(user: UserFolders) -> dict[str, tuple[Place, ...]]:
    # gimp/app/libgimpbase/gimpenv.c: the folder GIMP/3.0, GIMP/3.2 ... in the user's folder of settings.
    # The Flatpak of Flathub may see that folder, and then uses it. A Snap's home is ~/snap/NAME/current.
    roaming = user.named("APPDATA", "AppData/Roaming")
    flatpak, snap = user.home / ".var/app/org.gimp.GIMP/config", user.home / "snap/gimp/current/.config"
    own = user.named("XDG_CONFIG_HOME", ".config")
    return {
        "linux": (
            Place(own / "GIMP", "3.*", "gimprc", shared_with="org.gimp.GIMP"),
            Place(flatpak / "GIMP", "3.*", "gimprc", FLATPAK, "org.gimp.GIMP"),
            Place(snap / "GIMP", "3.*", "gimprc", SNAP, "gimp"),
        ),
        "win32": (Place(roaming / "GIMP", "3.*", "gimprc"),),
        "darwin": (Place(user.home / "Library/Application Support/GIMP", "3.*", "gimprc"),),
    }


def _krita_places(user: UserFolders) -> dict[str, tuple[Place, ...]]:
    # docs.krita.org, "Where are Krita's resources and settings?": one profile for all versions
    sandbox, snap = user.home / ".var/app/org.kde.krita", user.home / "snap/krita/current"
    data, config = user.named("XDG_DATA_HOME", ".local/share"), user.named("XDG_CONFIG_HOME", ".config")
    roaming, local = user.named("APPDATA", "AppData/Roaming"), user.named("LOCALAPPDATA", "AppData/Local")
    library = user.home / "Library"
    return {
        "linux": (
            Place(data / "krita", ".", str(config / "kritarc")),
            Place(sandbox / "data/krita", ".", str(sandbox / "config/kritarc"), FLATPAK, "org.kde.krita"),
            Place(snap / ".local/share/krita", ".", str(snap / ".config/kritarc"), SNAP, "krita"),
        ),
        "win32": (Place(roaming / "krita", ".", str(local / "kritarc")),),
        "darwin": (Place(library / "Application Support/krita", ".", str(library / "Preferences/kritarc")),),
    }


def _darktable_places(user: UserFolders) -> dict[str, tuple[Place, ...]]:
    # docs.darktable.org, "lua scripts installation". A sandbox cannot run RetouchML's command, so that the
    # profiles of Flatpak and Snap are left out.
    own = Place(user.named("XDG_CONFIG_HOME", ".config") / "darktable", ".", "luarc")
    return {
        "linux": (own,),
        "win32": (Place(user.named("LOCALAPPDATA", "AppData/Local") / "darktable", ".", "luarc"),),
        "darwin": (Place(user.home / ".config/darktable", ".", "luarc"),),
    }


def _first_gimp(user: UserFolders) -> Path | None:
    """The folder that a GIMP 3 on the path makes; None where it first takes over an older one's settings."""
    base = user.named("XDG_CONFIG_HOME", ".config") / "GIMP"
    if base.is_dir() and any(base.iterdir()):
        return None
    program = shutil.which("gimp", path=user.environment.get("PATH"))
    output = _runs([program, "--version"]) if program else None
    version = re.search(r"\b(3\.\d+)\.\d+", output or "")
    if version is None:
        return None
    # an odd number is a version on the way to the next one, which keeps its profile under that one's name
    major, minor = (int(part) for part in version[1].split("."))
    return base / f"{major}.{minor + minor % 2}"


def _first_krita(user: UserFolders) -> Path | None:
    program = shutil.which("krita", path=user.environment.get("PATH"))
    return user.named("XDG_DATA_HOME", ".local/share") / "krita" if program else None


def _first_darktable(user: UserFolders) -> Path | None:
    program = shutil.which("darktable", path=user.environment.get("PATH"))
    return user.named("XDG_CONFIG_HOME", ".config") / "darktable" if program else None


def _user() -> UserFolders:
    return UserFolders(Path.home(), os.environ)


def _runs(command: list[str]) -> str | None:
    """What a program prints; None if it fails."""
    try:
        done = subprocess.run(
            command,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=_SECONDS,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None


GIMP = Editor("gimp", "GIMP 3", "plug-ins", "retouchml-beautify", _gimp_places, _first_gimp)
KRITA = Editor("krita", "Krita", "pykrita", "retouchml_krita", _krita_places, _first_krita)
DARKTABLE = Editor("darktable", "darktable", "lua", "retouchml", _darktable_places, _first_darktable)
EDITORS = (GIMP, KRITA, DARKTABLE)
