"""Finds where an editor keeps its users' plug-ins: each version, Flatpak, Windows, macOS."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from install.errors import InstallError


@dataclass(frozen=True)
class Profile:
    """A user's profile of an editor, into which a plug-in can be installed.

    title:    for people, such as "GIMP 3.0 (Flatpak)"
    plugins:  the folder of plug-ins; may not exist yet
    settings: the editor's file of settings; may not exist yet
    flatpak:  the application's name if it is one, else ""
    """

    title: str
    plugins: Path
    settings: Path
    flatpak: str = ""


@dataclass(frozen=True)
class Place:
    """Where an editor may keep profiles on one kind of system.

    base:     the folder in which they lie
    profiles: a pattern for each profile's own folder in it, "." for the base itself
    settings: the file of settings, from that folder
    flatpak:  the application's name if it is one, else ""
    """

    base: Path
    profiles: str
    settings: str
    flatpak: str = ""


@dataclass(frozen=True)
class UserFolders:
    """A user's own folders, by the system's conventions."""

    home: Path
    environment: Mapping[str, str]

    def named(self, variable: str, default: str) -> Path:
        """The folder that an environment variable names, else ``default`` below the home."""
        return Path(self.environment.get(variable, "").strip() or self.home / default)


@dataclass(frozen=True)
class Editor:
    """An image editor.

    title:   for people
    plugins: the folder of plug-ins in a profile
    places:  where profiles may lie, by ``sys.platform``; Linux stands for all others
    """

    title: str
    plugins: str
    places: Callable[[UserFolders], Mapping[str, tuple[Place, ...]]]

    def find(self, platform: str = sys.platform) -> list[Profile]:
        """The profiles that exist on this machine."""
        return [profile for place in self._places(platform) for profile in self._profiles(place)]

    def find_some(self) -> list[Profile]:
        """The profiles that exist on this machine. Raises InstallError if there are none."""
        profiles = self.find()
        if not profiles:
            patterns = ", ".join(str(place.base / place.profiles) for place in self._places(sys.platform))
            raise InstallError(
                f"No profile of {self.title} was found; this was looked for: {patterns}.",
                f"Start {self.title} once, so that it makes one, then run this again.",
            )
        return profiles

    def _places(self, platform: str) -> tuple[Place, ...]:
        places = self.places(UserFolders(Path.home(), os.environ))
        return places.get(platform, places["linux"])

    def _profiles(self, place: Place) -> list[Profile]:
        folders = [place.base] if place.profiles == "." else sorted(place.base.glob(place.profiles))
        return [self._profile(place, folder) for folder in folders if folder.is_dir()]

    def _profile(self, place: Place, folder: Path) -> Profile:
        title = self.title if folder == place.base else f"{self.title.split()[0]} {folder.name}"
        if place.flatpak:
            title = f"{title} (Flatpak)"
        return Profile(title, folder / self.plugins, folder / place.settings, place.flatpak)
