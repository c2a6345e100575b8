"""Holds back what cannot be trusted on a face that a photograph shows poorly."""

from dataclasses import replace

from retouchml.look import Look
from retouchml.results import FaceQuality, Trust
from retouchml.sliders import (
    BY_NAME,
    EXPRESSION,
    EYES_AND_TEETH,
    GAZE,
    OWN,
    PATH,
    SHAPE,
    SKIN,
    STRENGTH,
    TEXTURE,
)

_KINDS = {
    PATH.name: ("shape", "path"),
    SKIN.name: ("skin",),
    EYES_AND_TEETH.name: ("eyes",),
    SHAPE.name: ("shape",),
    EXPRESSION.name: ("shape",),
    OWN.name: ("shape",),
}
"""By group: the kinds of trust that a slider needs."""
_OTHER_KINDS = {
    "under_eyes": ("skin", "eyes"),
    "teeth": ("mouth",),
    "lips": ("mouth",),
    "smile": ("shape", "mouth"),
    "mouth": ("shape", "mouth"),
    "eyes": ("shape", "eyes"),
    GAZE: ("shape", "eyes"),
}
"""By slider: those that need others than their group."""


def held_back(look: Look, quality: FaceQuality) -> Look:
    """The look, with each slider as strong as the quality of the face lets it be trusted.

    A face that shows everything has the look as it is.
    """
    if quality.trust == Trust():
        return look
    held = {name: value * _trust(name, quality.trust) for name, value in look.values.items()}
    texture = look.texture + (1.0 - _trust(TEXTURE, quality.trust)) * (1.0 - look.texture)  # 1 is all of it
    # What follows the strength while it is not set is now set: the strength may be held back more.
    edits = {name: value for name, value in held.items() if name not in (STRENGTH, TEXTURE)}
    return replace(look, strength=held[STRENGTH], texture=texture, edits=edits)


def _trust(slider: str, trust: Trust) -> float:
    kinds = _OTHER_KINDS.get(slider, _KINDS[BY_NAME[slider].group])
    return min(float(getattr(trust, kind)) for kind in kinds)
