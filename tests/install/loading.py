"""Loads modules of the installer, which import each other by plain names."""

import importlib
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "install"


def installer(name: str) -> Any:
    """The module ``name``, and its siblings, fresh; none of them stays in ``sys.modules``."""
    names = {file.stem for file in FOLDER.glob("*.py")} - {"__main__"}
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(FOLDER))
        for each in names:
            sys.modules.pop(each, None)
