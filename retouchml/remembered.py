"""What an editor remembers of a look for the next picture.

Shape and expression belong to one picture: a smile that suits one face does not suit the next. The rest is a
matter of taste, and so is a preset, which is remembered as a whole.
"""

from retouchml.look import Look
from retouchml.presets import library
from retouchml.sliders import BY_NAME, EXPRESSION, SHAPE

_OF_ONE_PICTURE = (SHAPE.name, EXPRESSION.name)


def preset_of(look: Look) -> str:
    """The name of the preset that gives this very look, "" if none does."""
    presets, _problems = library.presets()
    return library.name_of(look, presets)


def remembered(look: Look) -> Look:
    """The look for the next picture."""
    if preset_of(look):
        return look
    for name in look.edits:
        if name not in BY_NAME or BY_NAME[name].group in _OF_ONE_PICTURE:
            look = look.without(name)
    return look


def of_one_picture(look: Look) -> dict[str, float]:
    """The sliders that are not remembered, by name; none if the look is a preset."""
    kept = remembered(look)
    return {name: value for name, value in look.edits.items() if name not in kept.edits}
