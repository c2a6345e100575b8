"""The pictures that a command was given: what is wrong with them as a whole, and how far it came."""

from collections.abc import Sequence
from pathlib import Path

from retouchml.errors import Cancelled, PictureUnreadable


def refuse_folder(sources: Sequence[Path]) -> None:
    """Raise PictureUnreadable if only folders were given; one among pictures is told of in its turn."""
    if all(source.is_dir() for source in sources):
        folder = sources[0]
        raise PictureUnreadable(f"{folder} is a folder.", f"Give the pictures in it: {folder / '*.jpg'}.")


def stopped(done: int, sources: Sequence[Path], next_one: int) -> Cancelled:
    """The error of a command that was stopped at a picture, with ``done`` of them done before."""
    return Cancelled(
        f"Stopped: 1 of {len(sources)} pictures is done."
        if done == 1
        else f"Stopped: {done} of {len(sources)} pictures are done.",
        f"To go on, give the pictures from {sources[next_one]} on.",
    )
