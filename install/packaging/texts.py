"""Descriptions of packages for other systems, with this release's version, names and hashes filled in."""

import hashlib
import re
from pathlib import Path

from install.checkout import TOP
from install.errors import InstallError

TEMPLATES = TOP / "install" / "packaging" / "templates"
UNKNOWN = "NOT-BUILT-HERE"
"""What stands for the hash of a file that this machine could not build."""
_FIELD = re.compile(r"@([A-Z0-9_]+)@")


def write(folder: Path, names: list[str], values: dict[str, str]) -> list[Path]:
    """Fill these templates in; the paths of what was written into ``folder``. Raises InstallError."""
    written = []
    for name in names:
        text = (TEMPLATES / name).read_text(encoding="utf-8")
        if missing := set(_FIELD.findall(text)) - values.keys():
            raise InstallError(f"The template {name} has unknown fields: {', '.join(sorted(missing))}.")
        path = folder / name
        path.write_text(_FIELD.sub(lambda found: values[found[1]], text), encoding="utf-8")
        written.append(path)
    return written


def digest(file: Path | None) -> str:
    """A file's SHA-256 for a description."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file is not None else UNKNOWN
