"""Where the installer lies, and how a test gets a module of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "install"

Load = Callable[[str], Any]
