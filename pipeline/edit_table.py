"""The table of manual sliders: smile, age, yaw, eyes, mouth. Nothing heavy is needed to read it."""

from collections.abc import Mapping
from dataclasses import dataclass

from retouchml.errors import UsageError


@dataclass(frozen=True)
class EditInfo:
    """One slider.

    attribute: what it moves; deviations: how many standard deviations a value of 1 asks for; finest: pixels,
    the finest layers it touches; released: attributes that may follow, being part of the same movement
    """

    name: str
    description: str
    attribute: str
    deviations: float
    finest: int
    released: tuple[str, ...] = ()
    low: float = -1.0
    high: float = 1.0


EDITS = (
    EditInfo("smile", "mouth corners up, or down", "smile", 1.8, 64, ("mouth_open", "eyes_open")),
    EditInfo("age", "older, or younger", "age", 1.5, 256),
    EditInfo("yaw", "turn towards the right of the picture, or the left", "yaw", 0.7, 32, ("pitch",)),
    EditInfo("pitch", "chin down, or up", "pitch", 0.8, 32, ("yaw", "brows")),
    EditInfo("eyes", "eyes wider, or narrower", "eyes_open", 1.6, 64, ("brows",)),
    EditInfo("mouth", "mouth open, or closed", "mouth_open", 1.6, 64, ("smile",)),
    EditInfo("brows", "brows up, or down", "brows", 1.4, 64, ("eyes_open",)),
)
BY_NAME = {edit.name: edit for edit in EDITS}


def check_names(edits: Mapping[str, float]) -> None:
    """Raise UsageError where a slider is not known."""
    for name in edits:
        if name not in BY_NAME:
            raise UsageError(f"There is no edit called {name}.", f"Known are: {', '.join(BY_NAME)}.")
