"""Progress of long work: the stages it has, and how they add up to one bar that never runs backwards."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from retouchml.errors import Cancelled

Progress = Callable[[str, float, "float | None"], None]
"""A callback: a stage's name, the fraction of it that is done (0 to 1), the seconds left (None if unknown).

With several faces, the fraction is that of all faces together; the stages of one face come before those of
the next, and the name is a ``FaceStage``.
"""


class FaceStage(str):
    """The name of a stage that also says on which of several faces it works.

    face: its number in the order of the work, from 1; faces: how many there are
    """

    __slots__ = ("face", "faces")

    face: int
    faces: int

    def __new__(cls, name: str, face: int, faces: int) -> "FaceStage":
        """The stage ``name``, to which it is equal."""
        stage = super().__new__(cls, name)
        stage.face, stage.faces = face, faces
        return stage


def progress_of_face(progress: Progress, position: int, count: int) -> Progress:
    """Progress of one face, told as that of all ``count`` faces, which are worked on one after the other."""

    def call(stage: str, fraction: float, remaining: float | None) -> None:
        # Nothing is known of the time that later faces need.
        is_last = position + 1 == count
        named = FaceStage(stage, position + 1, count)
        progress(named, (position + fraction) / count, remaining if is_last else None)

    return call


class Cancel(Protocol):
    """A flag that stops long work, which polls it; ``threading.Event`` is one."""

    def is_set(self) -> bool:
        """Whether the work is to stop."""


@dataclass(frozen=True)
class Stage:
    """A part of a retouch, for progress bars.

    name: as on the wire; title: for people, in English; share: seconds that it takes on two cores, to weigh
    the stages against each other; each_face: whether it is done for one face after the other; is_rare:
    whether it counts only once it has begun, since most retouches do without it
    """

    name: str
    title: str
    share: float
    each_face: bool = False
    is_rare: bool = False


STAGES = (
    Stage("read", "Reading the picture", 0.4),
    Stage("connect", "Starting RetouchML", 0.8),
    Stage("send", "Sending the picture", 0.2),
    Stage("wait", "Waiting for its turn", 0.2),
    Stage("load", "Loading the models", 1.5),
    Stage("detect", "Looking for faces", 0.5),
    Stage("invert", "Measuring the face", 10.0, each_face=True),
    Stage("beautify", "Finding the retouch", 1.0, each_face=True),
    Stage("tune", "Learning the face", 25.0, each_face=True, is_rare=True),
    Stage("render", "Retouching", 1.0, each_face=True),
    Stage("write", "Writing the result", 0.4),
)
BY_NAME = {stage.name: stage for stage in STAGES}


def title(name: str) -> str:
    """The title of a stage; its name if it is unknown, as one of a newer daemon."""
    return BY_NAME[name].title if name in BY_NAME else name


REMAINING = "{stage}, about {seconds} s"
FACE_OF = "{stage}, face {face} of {faces}"


def describe(name: str, remaining: float | None, translate: Callable[[str], str] = str) -> str:
    """The title of a stage, with the seconds that remain if known, in the language of ``translate``."""
    translated = translate(title(name))
    if isinstance(name, FaceStage) and name.faces > 1:
        translated = translate(FACE_OF).format(stage=translated, face=name.face, faces=name.faces)
    if remaining is None or remaining < 1:
        return translated
    return translate(REMAINING).format(stage=translated, seconds=round(remaining))


class OverallProgress:
    """The fraction of a whole retouch that is done, computed from the progress of its stages."""

    def __init__(self) -> None:
        self._fractions = dict.fromkeys(BY_NAME, 0.0)
        self._begun: set[str] = set()
        self._overall = 0.0

    def update(self, stage: str, fraction: float) -> float:
        """The fraction of the whole (0 to 1), now that ``fraction`` of a stage is done; it never falls.

        Stages that come before it count as done: they may have been skipped, as for a face seen before.
        """
        current = BY_NAME.get(stage)
        if current is None:
            return self._overall
        fraction = min(max(fraction, 0.0), 1.0)
        self._begun.add(stage)
        for earlier in STAGES[: STAGES.index(current)]:
            # while faces take turns, a stage is at least as far as the one that comes after it
            done = fraction if earlier.each_face and current.each_face else 1.0
            self._fractions[earlier.name] = max(self._fractions[earlier.name], done)
        self._fractions[stage] = max(self._fractions[stage], fraction)
        counted = [each for each in STAGES if not each.is_rare or each.name in self._begun]
        done = sum(each.share * self._fractions[each.name] for each in counted)
        self._overall = max(self._overall, done / sum(each.share for each in counted))
        return self._overall


class _Never:
    """A ``Cancel`` that is never set."""

    def is_set(self) -> bool:
        return False


NEVER: Cancel = _Never()
"""A cancel flag that is never set."""


class EitherCancel:
    """A ``Cancel`` that is set when one of two is."""

    def __init__(self, first: Cancel, second: Cancel) -> None:
        self._flags = (first, second)

    def is_set(self) -> bool:
        """Whether the work is to stop."""
        return any(flag.is_set() for flag in self._flags)


def silent(stage: str, fraction: float, remaining: "float | None") -> None:
    """A ``Progress`` that does nothing."""


def check(cancel: Cancel) -> None:
    """Raise Cancelled if the work is to stop."""
    if cancel.is_set():
        raise Cancelled("Stopped on request; nothing was changed.")
