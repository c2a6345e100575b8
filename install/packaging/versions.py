"""Whether every place that says a version says the same: code, the three projects, the changelog."""

import re
import tomllib
from pathlib import Path

from install.checkout import TOP
from install.errors import InstallError

_IN_CODE = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)
_IN_CHANGELOG = re.compile(r"^## \[([^\]]+)\] \u2013 (\S+)", re.MULTILINE)
_PROJECTS = (
    "pyproject.toml",
    "install/packaging/light/pyproject.toml",
    "install/packaging/engine/pyproject.toml",
)
_UNRELEASED = "unreleased"


def agreed(top: Path = TOP) -> tuple[str, str]:
    """The version, and the day of its release in the changelog; "" if that says that it is not released.

    Raises InstallError, which names the places that differ.
    """
    said = {name: _project(top / name) for name in _PROJECTS}
    code = "retouchml/__init__.py"
    said[code] = _first(_IN_CODE, top / code)[0]
    changelog, day = _first(_IN_CHANGELOG, top / "CHANGELOG.md")
    said["CHANGELOG.md"] = changelog
    if len(set(said.values())) != 1:
        raise InstallError(
            "The places that say the version differ: "
            + ", ".join(f"{place} {version or 'none'}" for place, version in said.items())
            + "."
        )
    return changelog, "" if day == _UNRELEASED else day


def _project(file: Path) -> str:
    return str(tomllib.loads(file.read_text(encoding="utf-8"))["project"]["version"])


def _first(pattern: re.Pattern[str], file: Path) -> tuple[str, str]:
    found = pattern.search(file.read_text(encoding="utf-8"))
    return (found[1], found[2] if pattern.groups > 1 else "") if found else ("", "")
