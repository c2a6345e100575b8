"""Options of the training commands, checked before any slow work starts."""

import argparse
from pathlib import Path

from pipeline.latent_network import OWN_SPACE, trained_part
from retouchml.cli import output_files

LEAST_SAMPLES = 20  # fewer leave nothing to hold out


def at_least(least: int, text: str) -> int:
    """A whole number from ``least`` on."""
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
    return value


def samples(text: str) -> int:
    """How many pictures to sample."""
    return at_least(LEAST_SAMPLES, text)


def jobs(text: str) -> int:
    """How many processes."""
    return at_least(1, text)


def folds(text: str) -> tuple[int, ...]:
    """Numbers of official folds, as ``1,3``."""
    numbers = [part.strip() for part in text.split(",")]
    if not all(part in ("1", "2", "3", "4", "5") for part in numbers) or len(set(numbers)) < len(numbers):
        raise argparse.ArgumentTypeError(f"{text!r} are not different numbers from 1 to 5, like 1,3")
    return tuple(int(part) for part in numbers)


def check_output(given: Path | None) -> None:
    """Raises PictureUnwritable where the file that was asked for cannot be written."""
    if given is not None:
        _check(given)


def output_file(given: Path | None, name: str, space: str = OWN_SPACE) -> Path:
    """Where a part is written: ``given``, or where retouching in this latent space looks for it.

    Raises PictureUnwritable where it cannot be.
    """
    path = given or trained_part(name, space)
    _check(path)
    return path


def _check(path: Path) -> None:
    with output_files.folders([path.parent]):
        output_files.check((), [path, path.with_suffix(".md")], force=True)
