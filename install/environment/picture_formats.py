"""Adds the readers of HEIF and JPEG XL, without which everything else works."""

import tomllib
from dataclasses import dataclass

from install.checkout import TOP
from install.console import Console
from install.environment import requirements
from install.environment.pip_install import PipError, install


@dataclass(frozen=True)
class Reader:
    """A reader of optional picture formats.

    extra:   its name among the extras in pyproject.toml and among the requirements files
    formats: what it reads, for people
    """

    extra: str
    formats: str


READERS = (Reader("heif", "HEIF"), Reader("jpegxl", "JPEG XL"))


def add_picture_formats(console: Console, *, newest: bool = False) -> None:
    """Install each reader where there is a wheel of it; says so where there is none.

    newest: its newest version, in place of the one that was tested

    Raises PipError for any other reason.
    """
    for reader in READERS:
        arguments = _newest(reader) if newest else requirements.arguments(requirements.PACKAGES, reader.extra)
        try:
            with console.step(f"reader of {reader.formats}") as tick:
                install(arguments, tick)
        except PipError as error:
            if not error.missing:
                raise
            console.say(f"{reader.formats} files cannot be read on this machine; all else works.")


def _newest(reader: Reader) -> tuple[str, ...]:
    with (TOP / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    return ("--upgrade", "--only-binary", ":all:", *extras[reader.extra])
