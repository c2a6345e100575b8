"""``gimp``: puts the filter into every profile of GIMP 3 that this user has."""

from pathlib import Path

from install.checkout import TOP
from install.editors.plugin import EditorPlugin
from install.editors.profiles import Editor, Place, UserFolders

_SOURCE = TOP / "plugin_gimp"


def _places(user: UserFolders) -> dict[str, tuple[Place, ...]]:
    # gimp/app/libgimpbase/gimpenv.c: the folder GIMP/3.0, GIMP/3.2 ... in the user's folder of settings
    roaming = user.named("APPDATA", "AppData/Roaming")
    flatpak = user.home / ".var/app/org.gimp.GIMP/config"
    return {
        "linux": (
            Place(user.named("XDG_CONFIG_HOME", ".config") / "GIMP", "3.*", "gimprc"),
            Place(flatpak / "GIMP", "3.*", "gimprc", "org.gimp.GIMP"),
        ),
        "win32": (Place(roaming / "GIMP", "3.*", "gimprc"),),
        "darwin": (Place(user.home / "Library/Application Support/GIMP", "3.*", "gimprc"),),
    }


class GimpPlugin(EditorPlugin):
    """The filter for GIMP 3."""

    summary = "put the filter into GIMP 3"
    title = "filter in GIMP"
    editor = Editor("GIMP 3", "plug-ins", _places)
    folder = "retouchml-beautify"
    next_steps = ("Restart GIMP, open a portrait, then Filters > RetouchML > Beautify…",)

    def own_files(self) -> dict[str, Path]:
        """The filter's modules and its translations, by their place in its folder."""
        code = {f"plugin_gimp/{path.relative_to(_SOURCE).as_posix()}": path for path in _SOURCE.rglob("*.py")}
        texts = {path.relative_to(_SOURCE).as_posix(): path for path in _SOURCE.rglob("*.mo")}
        # GIMP starts the file that is called like its folder
        start = {f"{self.folder}.py": code.pop("plugin_gimp/start.py")}
        return {**start, **code, **texts}
