"""What editors get of this checkout: ``retouchml/`` without its command line, and the licence."""

from pathlib import Path

from install.checkout import TOP

_COMMAND_LINE = ("cli", "__main__.py")


def files() -> dict[str, Path]:
    """Where each file lies, by its place in a plug-in's folder."""
    package = TOP / "retouchml"
    found = {path.relative_to(package): path for path in sorted(package.rglob("*.py"))}
    light = {
        f"retouchml/{place.as_posix()}": path
        for place, path in found.items()
        if place.parts[0] not in _COMMAND_LINE
    }
    return {**light, "LICENSE": TOP / "LICENSE"}
