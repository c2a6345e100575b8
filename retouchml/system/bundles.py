"""How a Python lies in a bundle, and in the folders of uv; the set-up and the installer agree on it here."""

from pathlib import Path

PYTHON_RECORD = "python.json"
"""Names the archive, its SHA-256, the version, and the system and processor that it is for."""

PYTHON_TOP = "python"
"""The one folder in the archive."""


def interpreters(folder: Path) -> list[Path]:
    """The interpreter of a Python as uv brings it, if it is there."""
    return [path for path in (folder / "bin" / "python3", folder / "python.exe") if path.is_file()]
