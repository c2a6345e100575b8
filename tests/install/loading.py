"""Loads modules of the installer fresh, so that a test may change them."""

import importlib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "install"


def installer(name: str) -> Any:
    """The module ``name``, such as ``install.cli``."""
    return importlib.import_module(name)
