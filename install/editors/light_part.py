"""The part of RetouchML that editors get: no command line, no arrays and no installer; and the licence."""

from pathlib import Path

from install.checkout import SOURCE, TOP

_LEFT_OUT = ("cli", "__main__.py", "scripting", "setup/files")
_KINDS = ("*.py", "*.toml", "*.mo")


def files() -> dict[str, Path]:
    """The files, by their place in a plug-in's folder."""
    package = SOURCE / "retouchml"
    paths = sorted(path for kind in _KINDS for path in package.rglob(kind))
    modules = {path.relative_to(package): path for path in paths}
    light = {
        f"retouchml/{place.as_posix()}": path
        for place, path in modules.items()
        if not any(place.is_relative_to(each) for each in _LEFT_OUT)
    }
    return {**light, "LICENSE": TOP / "LICENSE"}
