"""``gimp``: puts the filter into every profile of GIMP 3 that this user has."""

from collections.abc import Mapping
from pathlib import Path

from install.checkout import TOP, VENV
from install.console import Console
from install.editors.plugin import EditorPlugin
from retouchml.system.editors import GIMP, Profile, python_of_gimp
from retouchml.system.files import write_atomically

_SOURCE = TOP / "plugin_gimp"
_NO_GI = (
    "GIMP will not show the filter, and not say why: no python3 here has the module gi with GIMP's part.\n"
    "Install them (Debian, Ubuntu: python3-gi and gir1.2-gimp-3.0), then run this again."
)


class GimpPlugin(EditorPlugin):
    """The filter for GIMP 3."""

    summary = "put the filter into GIMP 3"
    title = "filter in GIMP"
    editor = GIMP
    next_steps = ("Restart GIMP, open a portrait, then Filters > RetouchML > Beautify…",)

    def own_files(self) -> dict[str, Path]:
        """The filter's modules, by their place in its folder."""
        code = {f"plugin_gimp/{path.relative_to(_SOURCE).as_posix()}": path for path in _SOURCE.rglob("*.py")}
        document = {"plugin_gimp/editors.md": TOP / "docs" / "editors.md"}
        return {self._start: code.pop("plugin_gimp/start.py"), **code, **document}

    def files_for(self, profile: Profile, files: Mapping[str, Path], console: Console) -> Mapping[str, Path]:
        """The files; the one that GIMP starts names a Python that has ``gi``."""
        if profile.sandbox and not profile.may_be_shared:  # it has a Python of its own
            return files
        python = python_of_gimp()
        if python is None and not profile.sandbox:
            console.say(_NO_GI)
        if not python:
            return files
        console.say(f"GIMP runs the filter with {python}: the first python3 on the path lacks gi.")
        return {**files, self._start: _started_by(python, files[self._start])}

    @property
    def _start(self) -> str:
        """The file that GIMP starts, which is called like its folder."""
        return f"{self.folder}.py"


def _started_by(python: str, start: Path) -> Path:
    """A copy of the file that GIMP starts whose first line names this Python."""
    _first, newline, rest = start.read_text(encoding="utf-8").partition("\n")
    copy = VENV / "gimp-start.py"
    write_atomically(copy, f"#!{python}{newline}{rest}".encode(), 0o755)
    return copy
