"""What a look leaves behind for the next picture."""

from retouchml.look import Look
from retouchml.presets import library
from retouchml.presets.preset_file import Preset
from retouchml.remembered import of_one_picture, preset_of, remembered


def test_shape_and_expression_stay_behind() -> None:
    look = Look(0.8, 0.1, {"teeth": 0.0, "lines": 0.9, "smile": 0.3, "jaw": -0.2, "age": 0.5})
    assert remembered(look) == Look(0.8, 0.1, {"teeth": 0.0, "lines": 0.9})
    assert of_one_picture(look) == {"smile": 0.3, "jaw": -0.2, "age": 0.5}


def test_a_preset_is_remembered_as_a_whole() -> None:
    look = Look(0.4, 0.6, {"smile": 0.2})
    library.save(Preset("mine", "Mine", "", look, is_own=True))
    assert preset_of(look) == "mine"
    assert remembered(look) == look
    assert of_one_picture(look) == {}
