"""The installer that the light wheel carries, and how it is started."""

from collections.abc import Sequence
from pathlib import Path

from retouchml.system.processes import clean_environment

FILES = Path(__file__).resolve().parent / "files"


def is_here() -> bool:
    """Whether this is the light wheel; a checkout has ``python3 install`` instead."""
    return (FILES / "engine.json").is_file()


def command(python: str, arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The command that runs the installer, and its environment."""
    # a wheel's folder may not be ours to write into, and another Python's bytecode has no business there
    return [python, str(FILES / "install"), *arguments], clean_environment(PYTHONDONTWRITEBYTECODE="1")
