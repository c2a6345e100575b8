"""The pictures that a command was given: what is wrong with them as a whole, and how far it came."""

from collections.abc import Sequence
from pathlib import Path

from retouchml.errors import Cancelled, PictureUnreadable


def refuse_folder(sources: Sequence[Path]) -> None:
    """Raise PictureUnreadable if only folders were given; one among pictures is told of in its turn."""
    if all(source.is_dir() for source in sources):
        folder = sources[0]
        raise PictureUnreadable(f"{folder} is a folder.", f"Give the pictures in it: {folder / '*.jpg'}.")


def stopped(done: int, total: int | None, advice: str) -> Cancelled:
    """The error of a command that was stopped when ``done`` pictures of ``total`` were done, if known."""
    if total is None:
        return Cancelled(
            "Stopped: 1 picture is done." if done == 1 else f"Stopped: {done} pictures are done."
        )
    return Cancelled(
        f"Stopped: 1 of {total} pictures is done."
        if done == 1
        else f"Stopped: {done} of {total} pictures are done.",
        advice,
    )
