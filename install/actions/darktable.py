"""``darktable``: puts the Lua script into darktable's folder, and has darktable load it."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from install.checkout import COMMAND_LINE, SOURCE, VENV
from install.console import Console
from install.data_folders import Folders
from install.editors import plugin_folder
from install.editors.plugin import EditorPlugin
from retouchml.system.editors import DARKTABLE, SCRIPT, Profile
from retouchml.system.files import write_atomically

_SOURCE = SOURCE / "retouchml/darktable" / SCRIPT
_LINE = f'require "{DARKTABLE.folder}/{Path(SCRIPT).stem}"'
_CATALOGUE = "locale/{language}/LC_MESSAGES/retouchml.mo"  # where gettext looks for it
_VERSION = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)


class DarktableScript(EditorPlugin):
    """The Lua script that retouches what darktable exports."""

    summary = "put the script into darktable"
    title = "script in darktable"
    editor = DARKTABLE
    next_steps = (
        "Restart darktable. In the lighttable, choose a preset in the module RetouchML, below the export's:",
        "faces are retouched whenever a picture is exported.",
    )

    def own_files(self) -> dict[str, Path]:
        """The script with RetouchML's command and version in it, and its translations, by their places."""
        command = VENV / ("Scripts/retouchml.exe" if sys.platform == "win32" else "bin/retouchml")
        version = _VERSION.search((SOURCE / "retouchml/__init__.py").read_text(encoding="utf-8"))
        values = {
            "VERSION": version[1] if version else "",
            "COMMAND": str(command),
            "SET_UP": f"{COMMAND_LINE} {DARKTABLE.name}",
        }
        text = _SOURCE.read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace(f'"@{name}@"', f'"{_in_lua(value)}"')
        copy = VENV / SCRIPT
        write_atomically(copy, text.encode())
        catalogues = sorted((SOURCE / "retouchml/locale").glob("*.mo"))
        return {SCRIPT: copy} | {_CATALOGUE.format(language=each.stem): each for each in catalogues}

    def files(self, console: Console) -> dict[str, Path]:  # noqa: ARG002
        """Nothing else: the script runs the command line of this checkout."""
        return self.own_files()

    def place(self, profile: Profile, files: Mapping[str, Path]) -> bool:
        """Copy the script and load it in ``luarc``; whether anything changed."""
        changed = super().place(profile, files)
        return _rewrite(profile.settings, loaded=True) or changed

    def installed(self, folders: Folders) -> list[Path]:
        """The script's folder, if there is one; one of somebody else with its name is none."""
        return [folder for folder in super().installed(folders) if (folder / SCRIPT).is_file()]

    def remove(self, path: Path, console: Console) -> None:
        """Remove the script, and load it no more."""
        if plugin_folder.read(path) is not None:
            super().remove(path, console)
        for profile in self.editor.find():
            if profile.settings.is_file():
                _rewrite(profile.settings, loaded=False)


def _in_lua(text: str) -> str:
    """The text between quotation marks of Lua."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _rewrite(luarc: Path, *, loaded: bool) -> bool:
    """Load the script or not; every other line of the file stays. Whether that changed anything."""
    text = luarc.read_bytes() if luarc.is_file() else b""
    line = _LINE.encode()
    kept = [each for each in text.splitlines(keepends=True) if each.strip() != line]
    if loaded and len(kept) == len(text.splitlines()):
        if kept and not kept[-1].endswith(b"\n"):
            kept[-1] += b"\n"
        kept.append(line + b"\n")
    elif loaded:
        return False
    changed = b"".join(kept)
    if changed == text:
        return False
    write_atomically(luarc, changed)
    return True
