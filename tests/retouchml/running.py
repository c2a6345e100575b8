"""What the tests of the command line share beside their fixtures."""

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from PIL import Image

from retouchml.cli.backend import Backend
from retouchml.cli.batch import journal

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Runs the command line in this process."""

    def __call__(self, *argv: object, backend: Backend | None = None) -> Ran: ...


def _can_link() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder, "link")
        try:
            link.symlink_to(folder)
        except OSError:
            return False
        return link.is_symlink()


needs_links = pytest.mark.skipif(
    not _can_link(), reason="no symbolic links here (on Windows, the user needs a right to make them)"
)
needs_modes = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")


def save(path: Path, pixels: npt.NDArray[Any]) -> Path:
    """Write ``pixels`` with libraries that are not under test."""
    if path.suffix in (".tif", ".tiff"):
        tifffile.imwrite(path, pixels, photometric="rgb")
    else:
        Image.fromarray(pixels).save(path)
    return path


def load(path: Path) -> npt.NDArray[Any]:
    """Read a picture with libraries that are not under test."""
    if path.suffix in (".tif", ".tiff"):
        return np.asarray(tifffile.imread(path))
    with Image.open(path) as image:
        return np.array(image)


def files(folder: Path) -> list[str]:
    """Names of all that lies in ``folder``, hidden ones too."""
    return sorted(entry.name for entry in folder.iterdir())


def results(folder: Path) -> list[str]:
    """Names of all files in ``folder`` and below, with ``/`` between folders, but those of the journal."""
    below = (entry.relative_to(folder) for entry in folder.rglob("*") if not entry.is_dir())
    return sorted(name.as_posix() for name in below if name.parts[0] != journal.FOLDER)


def results_but_parts(folder: Path) -> list[str]:
    """The results, without the temporary files that killed processes left."""
    return [name for name in results(folder) if not Path(name).name.startswith(".retouchml-")]


def python(code: str, *arguments: object) -> list[str]:
    """A command that runs ``code`` in a Python of its own."""
    return [sys.executable, "-c", code, *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """For a Python of its own that shall find the project and these tests."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}
