"""Adds the readers of HEIF and JPEG XL, without which everything else works."""

import tomllib

from install.checkout import TOP
from install.console import Console
from install.environment.pip_install import PipError, install

_EXTRA = "formats"


def add_picture_formats(console: Console) -> None:
    """Install the packages of the extra ``formats`` where there are wheels; says so where there are none."""
    packages = requirements()
    if not packages:
        return
    try:
        with console.step("readers of HEIF and JPEG XL") as tick:
            install(("--only-binary", ":all:", *packages), tick)
    except PipError:
        console.say("HEIF and JPEG XL files cannot be read on this machine; all else works.")


def requirements() -> tuple[str, ...]:
    """The requirements of the extra, from pyproject.toml."""
    with (TOP / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file).get("project", {})
    return tuple(project.get("optional-dependencies", {}).get(_EXTRA, ()))
