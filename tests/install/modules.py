"""The installer's modules, which import each other by plain name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "install"
MODULES = sorted(file.stem for file in FOLDER.glob("*.py") if file.stem != "__main__")

Load = Callable[[str], Any]
