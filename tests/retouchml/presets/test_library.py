"""Presets are found by name: the shipped ones, and the user's own in the configuration folder."""

from pathlib import Path

import pytest

from retouchml.errors import UsageError
from retouchml.look import Look, check_edits
from retouchml.presets import library
from retouchml.presets.preset_file import Preset
from retouchml.sliders import BY_NAME, EDITS


def write(name: str, text: str = "[sliders]\nsmile = 0.2") -> Path:
    path = library.own_folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_promised_presets_are_there_and_say_what_they_are_for() -> None:
    presets, problems = library.presets()
    assert problems == ()
    assert [preset.name for preset in presets] == [
        "natural",
        "clean",
        "studio",
        "strong",
        "shape-only",
        "skin-only",
    ]
    for preset in presets:
        assert preset.title
        assert preset.help
        assert not preset.is_own
        check_edits(preset.look.edits)


def test_natural_is_what_a_look_is_without_further_words() -> None:
    assert library.preset(library.NATURAL).look == Look()


def test_strong_is_the_full_retouch_and_leaves_every_slider_to_the_strength() -> None:
    assert library.preset("strong").look == Look(1.0)


def test_shape_only_sets_every_local_slider_to_0_and_keeps_the_texture() -> None:
    values = library.preset("shape-only").look.values
    assert values["strength"] > 0
    assert values["texture"] == 1
    assert not any(value for name, value in values.items() if BY_NAME[name].full is not None)


def test_skin_only_moves_nothing() -> None:
    look = library.preset("skin-only").look
    assert look.strength == 0
    assert not look.needs_generator
    assert {BY_NAME[name].group for name, value in look.edits.items() if value} <= {"skin"}


def test_the_user_s_own_presets_follow_by_name() -> None:
    write("zebra.toml")
    write("aqua.toml", "title = 'Aqua'\n[sliders]")
    write("notes.txt")
    presets, problems = library.presets()
    assert problems == ()
    assert [(preset.name, preset.is_own) for preset in presets[6:]] == [("aqua", True), ("zebra", True)]
    assert library.preset("zebra") == Preset("zebra", "zebra", "", Look(edits={"smile": 0.2}), True)


def test_a_file_with_a_mistake_stops_no_other_preset() -> None:
    good, bad = write("good.toml"), write("bad.toml", "[sliders]\nnose = 3")
    write("Bad Name.toml")
    presets, problems = library.presets()
    assert [preset.name for preset in presets[6:]] == [good.stem]
    assert len(problems) == 2
    assert any(str(bad) in problem for problem in problems)
    with pytest.raises(UsageError, match="no slider called nose"):
        library.preset("bad")


def test_a_file_called_as_a_shipped_preset_is_ignored() -> None:
    path = write("natural.toml", "[sliders]\nstrength = 1.0")
    presets, (problem,) = library.presets()
    assert len(presets) == 6
    assert problem == f"{path} is ignored: natural comes with RetouchML. Rename the file."
    assert library.preset("natural").look == Look()


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "natural.toml", "x" * 5000])
def test_an_unknown_preset_is_refused_and_the_known_are_named(name: str) -> None:
    with pytest.raises(UsageError, match="There is no preset called") as refused:
        library.preset(name)
    assert "natural, clean" in refused.value.advice
    assert len(refused.value.message) < 200


def test_a_saved_preset_is_found_again() -> None:
    preset = Preset("mine", "Mine", "as I like it", Look(0.4, 0.9, {"smile": 0.1}), is_own=True)
    path = library.save(preset)
    assert path == library.own_folder() / "mine.toml"
    assert library.preset("mine") == preset


def test_a_preset_is_replaced_on_request_alone() -> None:
    first, second = (Preset("mine", "Mine", "", Look(strength), is_own=True) for strength in (0.1, 0.2))
    library.save(first)
    with pytest.raises(UsageError, match="already"):
        library.save(second)
    assert library.preset("mine") == first
    library.save(second, replace_existing=True)
    assert library.preset("mine") == second


@pytest.mark.parametrize("name", ["studio", "../mine", "Mine"])
def test_a_preset_of_a_taken_or_strange_name_is_not_saved(name: str) -> None:
    with pytest.raises(UsageError, match=r"comes with RetouchML|cannot be the name"):
        library.save(Preset(name, "x", "", Look()), replace_existing=True)
    assert not library.own_folder().exists()


def test_what_could_not_be_read_back_is_not_saved() -> None:
    for preset in (
        Preset("mine", "two\nlines", "", Look()),
        Preset("mine", "x", "", Look(edits={"moustache": 0.5})),
    ):
        with pytest.raises(UsageError, match=r"one line of text|no slider called moustache"):
            library.save(preset)
    assert not library.own_folder().exists()


def test_a_look_is_recognised_as_a_preset() -> None:
    presets, _ = library.presets()
    assert library.name_of(Look(), presets) == "natural"
    assert library.name_of(Look(1.0), presets) == "strong"
    assert library.name_of(Look(0.51), presets) == ""


def test_every_local_slider_is_in_the_presets_that_set_them_all() -> None:
    local = {slider.name for slider in EDITS if slider.full is not None}
    assert local
    for name in ("clean", "studio", "shape-only"):
        assert local <= set(library.preset(name).look.edits), name


def test_a_look_is_saved_under_a_title_in_any_letters_and_replaced_under_the_same(home: Path) -> None:
    saved = library.save_titled("  Élise S evening ", Look(0.3))
    assert (saved.name, saved.title) == ("elise-s-evening", "Élise S evening")
    again = library.save_titled("Élise S evening", Look(0.4))
    assert again.name == saved.name
    assert [each.look for each in library.presets()[0] if each.is_own] == [Look(0.4)]
    names = [library.save_titled(title, Look()).name for title in ("夜", "朝", "Aux", "x" * 60)]
    assert names[:2] == ["preset", "preset-2"]
    assert names[2] == "aux-2"  # a file of the bare name would be a device on Windows
    assert {library.preset(name).title for name in names} == {"夜", "朝", "Aux", "x" * 60}


@pytest.mark.parametrize("title", ["", "  ", "x" * 61, "natural", "Natural", "Shape only"])
def test_a_title_that_cannot_be_kept_or_is_in_use_is_refused(home: Path, title: str) -> None:
    with pytest.raises(UsageError):
        library.save_titled(title, Look())
    assert library.with_title(title) is None


def test_a_preset_is_renamed_and_deleted_but_none_that_was_shipped(home: Path) -> None:
    library.save_titled("Soft", Look(0.3))
    library.save_titled("Hard", Look(0.9))
    renamed = library.rename("soft", "Very soft")
    assert (renamed.name, renamed.look) == ("very-soft", Look(0.3))
    assert library.with_title("Soft") is None
    assert library.rename("very-soft", "Very soft") == renamed
    with pytest.raises(UsageError, match="There is a preset called Hard already"):
        library.rename("very-soft", "Hard")
    library.delete("very-soft")
    assert [each.name for each in library.presets()[0] if each.is_own] == ["hard"]
    for call in (lambda: library.delete("natural"), lambda: library.rename("natural", "New")):
        with pytest.raises(UsageError, match="comes with RetouchML"):
            call()
    with pytest.raises(UsageError, match="no preset called"):
        library.delete("very-soft")
