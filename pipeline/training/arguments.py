"""Arguments of the training commands, checked before any slow work starts."""

import argparse
import os
import tempfile
from pathlib import Path

from retouchml.errors import RetouchError
from retouchml.settings import DEFAULT_MODEL
from retouchml.system.surroundings import file_path

_LEAST_SAMPLES = 20  # fewer leave nothing to hold out


def add_sampling_arguments(parser: argparse.ArgumentParser, count: int = 8000) -> None:
    """Declare the options of the parts that learn from samples of a generator, ``count`` by default."""
    parser.add_argument("--model", default=DEFAULT_MODEL, help="generator to sample (default: %(default)s)")
    parser.add_argument("--samples", type=samples, default=count, help="how many (default: %(default)s)")
    parser.add_argument(
        "--jobs", type=jobs, default=os.cpu_count() or 1, help="processes (default: one a core)"
    )
    add_output_argument(parser)


def add_output_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--output``."""
    parser.add_argument(
        "--output",
        type=file_path,
        metavar="FILE",
        help="where to write the weights; their model card goes beside them (default: into the data folder,"
        " where retouching uses them instead of the shipped ones)",
    )


def samples(text: str) -> int:
    """The number of pictures to sample."""
    return _at_least(_LEAST_SAMPLES, text)


def jobs(text: str) -> int:
    """The number of processes."""
    return _at_least(1, text)


def folds(text: str) -> tuple[int, ...]:
    """The numbers of official folds, as ``1,3``."""
    numbers = [part.strip() for part in text.split(",")]
    if not all(part in ("1", "2", "3", "4", "5") for part in numbers) or len(set(numbers)) < len(numbers):
        raise argparse.ArgumentTypeError(f"{text!r} are not different numbers from 1 to 5, like 1,3")
    return tuple(int(part) for part in numbers)


def check_output(weights: Path) -> None:
    """Raise RetouchError if a file of weights, or the card beside it, cannot be written.

    Missing folders are not created.
    """
    _check_file(weights)
    _check_file(weights.with_suffix(".md"))
    folder = next(level for level in weights.absolute().parents if level.exists())
    try:
        # Permissions alone do not show a read-only disk.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise RetouchError(
            f"The folder {folder} cannot be written to: {error.strerror}.", "Choose another folder."
        ) from error


def _check_file(path: Path) -> None:
    try:
        is_free = path.is_file() or not path.exists()
    except OSError as error:
        raise RetouchError(f"{path} cannot be written: {error.strerror}.", "Choose another name.") from error
    if not is_free:
        raise RetouchError(f"{path} is not an ordinary file.", "Choose another name.")


def _at_least(least: int, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
    return value
