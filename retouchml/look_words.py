"""A look in a few words, for lists."""

from collections.abc import Callable, Sequence

from retouchml.look import Look
from retouchml.presets import library
from retouchml.presets.preset_file import Preset
from retouchml.sliders import BY_NAME, STRENGTH

_MOST = 3  # sliders that are named


def words_of(look: Look, presets: Sequence[Preset], translate: Callable[[str], str] = str) -> str:
    """The title of the preset that a look is, or the strength and the first sliders that are set.

    Numbers are hundredths, as editors show them: ``Strength 60, Smile 20``.
    """
    name = library.name_of(look, tuple(presets))
    if name:
        preset = next(each for each in presets if each.name == name)
        return preset.title if preset.is_own else translate(preset.title)
    is_set = [each for each in BY_NAME if each == STRENGTH or look.without(each) != look]
    parts = [f"{translate(BY_NAME[each].title)} {round(100 * look.value(each))}" for each in is_set[:_MOST]]
    return ", ".join(parts) + (", …" if len(is_set) > _MOST else "")
