"""A plug-in folder as the installer would lay it out, but with any choice of third-party modules."""

import shutil
from importlib.metadata import files
from pathlib import Path

from install.editors import light_part
from retouchml.client import vendored


def lay_out(folder: Path, *packages: str) -> Path:
    """Copy the light part, and the installed ``packages`` without their extensions, into ``folder``."""
    for place, source in light_part.files().items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder / place)
    for version in ("cp310", "cp311", "cp312"):
        for package in packages:
            for file in files(package) or []:
                if file.suffix == ".py" and ".." not in file.parts:
                    target = folder / vendored.FOLDER / version / file
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(str(file.locate()), target)
    return folder
