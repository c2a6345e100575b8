"""The part of this checkout that editors get: ``retouchml/`` without its command line, and the licence."""

from pathlib import Path

from install.checkout import TOP

_COMMAND_LINE = ("cli", "__main__.py")


def files() -> dict[str, Path]:
    """The files, by their place in a plug-in's folder."""
    package = TOP / "retouchml"
    paths = sorted((*package.rglob("*.py"), *package.rglob("*.toml")))
    modules = {path.relative_to(package): path for path in paths}
    light = {
        f"retouchml/{place.as_posix()}": path
        for place, path in modules.items()
        if place.parts[0] not in _COMMAND_LINE
    }
    return {**light, "LICENSE": TOP / "LICENSE"}
