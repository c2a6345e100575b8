"""A plug-in folder as the installer would lay it out, but with any choice of third-party modules."""

import shutil
from importlib.metadata import files
from pathlib import Path

from retouchml import vendored
from tests.install.loading import installer

ROOT = Path(__file__).parents[2]


def lay_out(folder: Path, *packages: str) -> Path:
    """Copy the light part, and the installed ``packages`` without their extensions, into ``folder``."""
    (folder / "retouchml").mkdir(parents=True)
    for name in installer("light_part").NAMES:
        shutil.copy(ROOT / "retouchml" / name, folder / "retouchml" / name)
    for version in ("cp310", "cp311", "cp312"):
        for package in packages:
            for file in files(package) or []:
                if file.suffix == ".py" and ".." not in file.parts:
                    target = folder / vendored.FOLDER / version / file
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(str(file.locate()), target)
    return folder
