"""Faces, reports and sliders: the results of the pipeline, on the wire and in every front end.

Plain tuples and numbers, since editors have no NumPy.
"""

from dataclasses import dataclass
from typing import Literal

Box = tuple[int, int, int, int]
"""x, y, width, height in whole pixels of the photograph."""

Refinement = Literal["local", "quick", "full"]
"""How far a retouch is computed: one of ``REFINEMENTS``."""
LOCAL: Refinement = "local"
"""Local and shape sliders alone, which need no generator: there at once."""
QUICK: Refinement = "quick"
"""The whole look, with the code that the face has when a part of its inversion is done."""
FULL: Refinement = "full"
"""The whole look, with the face's own code."""
REFINEMENTS = (LOCAL, QUICK, FULL)
"""From the first to the last that is shown of a face; any but the last may be left out."""


TURNED, LAUGHING, SMALL, CHILD = "turned", "laughing", "small", "child"
OUTSIDE = (TURNED, LAUGHING, SMALL, CHILD)
"""What a face can be that the faces were not from which the rater learned."""


@dataclass(frozen=True)
class Trust:
    """How far each kind of retouch of a face can be trusted: 0 (it is held back) to 1 (it is not).

    path: how well the networks that rate faces know such a one; strength moves it no further
    """

    shape: float = 1.0
    skin: float = 1.0
    eyes: float = 1.0
    mouth: float = 1.0
    path: float = 1.0


@dataclass(frozen=True)
class FaceQuality:
    """How well a photograph shows a face.

    yaw, pitch: degrees that the head is turned to the right of the picture, and down; cut: share of the face
    beyond the frame; eye_distance: pixels; sharpness: contrast of the finest details above the noise, of that
    of coarser ones, some 0.3 to 0.6 in a sharp portrait; covered: 0 to 1; uncertainty: distance of the
    landmarks from those of another network, 1 where a doubt begins
    notes: what is held back and why, a plain phrase each; an ordinary portrait has none
    outside: why the rater knows no such faces, of ``OUTSIDE``; empty if it does
    """

    yaw: float = 0.0
    pitch: float = 0.0
    cut: float = 0.0
    eye_distance: float = 0.0
    sharpness: float = 0.0
    covered: float = 0.0
    uncertainty: float = 0.0
    trust: Trust = Trust()
    notes: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Face:
    """A face of a photograph.

    box: may reach beyond the photograph; landmarks: 68 points (x, y) in pixels, in iBUG 300-W order;
    score: attractiveness, 1 to 5; score_uncertainty: standard deviation of its error among faces that
    the rater knows, None if that was not measured
    """

    box: Box
    landmarks: tuple[tuple[float, float], ...]
    score: float
    quality: FaceQuality = FaceQuality()
    score_uncertainty: float | None = None


@dataclass(frozen=True)
class FaceReport:
    """What a retouch did to one face.

    face: its number, from 0; identity_distance: between dlib's descriptors before and after, below 0.6 counts
    as the same person; patch: the rectangle that changed; score_uncertainty: of either score, as in ``Face``,
    not of their difference, which compares a face with itself
    """

    face: int
    box: Box
    score_before: float
    score_after: float
    identity_distance: float
    patch: Box
    score_uncertainty: float | None = None


@dataclass(frozen=True)
class Edit:
    """A slider, as the Python interface, the wire and JSON list it; see ``retouchml.sliders``.

    group: sliders that belong together; default: its value at the default strength; full: its value at
    strength 1 if it follows the strength while it is not set, else None
    """

    name: str
    low: float
    high: float
    description: str
    group: str = ""
    default: float = 0.0
    full: float | None = None
