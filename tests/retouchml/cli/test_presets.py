"""``retouchml presets``, and ``--preset`` of ``retouchml beautify``."""

import json
from pathlib import Path

import pytest

from retouchml.look import Look
from retouchml.presets import library
from tests import stand_in_backend
from tests.retouchml.running import Run


def look_of(run: Run, portrait: Path, *options: str) -> Look:
    """The look that reaches the backend."""
    backend = stand_in_backend.Backend()
    out = portrait.with_name("out.png")
    ran = run("beautify", portrait, "-o", out, "--force", *options, backend=backend)
    assert ran.code == 0, ran.err
    looks = backend.looks[0]
    assert len(set(map(id, looks.values()))) == 1
    return looks[0]


def test_presets_are_listed_with_their_titles(run: Run) -> None:
    lines = run("presets").out.splitlines()
    assert [line.split()[0] for line in lines] == list(library.SHIPPED)
    assert lines[0].endswith("Natural: the default: seen at once, and still believed")


def test_presets_as_json_have_the_values_of_all_sliders(run: Run) -> None:
    natural = json.loads(run("presets", "--json").out)[0]
    assert run("presets", "list", "--json").out == run("presets", "--json").out
    assert run("presets", "--json", "list").out == run("presets", "--json").out
    assert natural["name"] == "natural"
    assert natural["set"] == {"strength": 0.5, "texture": 0.85}
    assert natural["look"] == Look().values
    assert natural["own"] is False


def test_a_file_with_a_mistake_is_named_and_the_others_are_listed(run: Run, home: Path) -> None:
    folder = home / "config" / "presets"
    folder.mkdir(parents=True)
    (folder / "bad.toml").write_text("[sliders")
    ran = run("presets")
    assert ran.code == 0
    assert len(ran.out.splitlines()) == len(library.SHIPPED)
    assert "bad.toml is no valid TOML" in ran.err


def test_a_preset_is_saved_listed_shown_and_used(run: Run, home: Path, portrait: Path) -> None:
    options = ["--preset", "strong", "--texture", "0.2", "--edit", "smile=0.3", "--title", "Mine"]
    ran = run("presets", "save", "my-own", *options, "--description", "as I like it")
    path = home / "config" / "presets" / "my-own.toml"
    assert (ran.code, ran.out) == (0, f"{path} is saved.\n")
    assert run("presets").out.splitlines()[-1].split(maxsplit=1) == [
        "my-own",
        "Mine: as I like it (your own)",
    ]
    assert run("presets", "show", "my-own").out == path.read_text()
    assert look_of(run, portrait, "--preset", "my-own") == Look(1.0, 0.2, {"smile": 0.3})
    again = run("presets", "save", "my-own")
    assert (again.code, "`--force` replaces it" in again.err) == (2, True)
    assert run("presets", "save", "my-own", "--force").code == 0
    assert look_of(run, portrait, "--preset", "my-own") == Look()


def test_what_is_given_with_a_preset_wins_over_it(run: Run, portrait: Path) -> None:
    options = ["--preset", "strong", "--strength", "0.4", "--edit", "smile=0.1"]
    assert look_of(run, portrait, *options) == Look(0.4, edits={"smile": 0.1})


def test_a_preset_wins_over_the_settings(run: Run, home: Path, portrait: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text("strength = 0.2\ntexture = 0.1\n")
    assert look_of(run, portrait) == Look(0.2, 0.1)
    assert look_of(run, portrait, "--preset", "natural") == Look()


def test_an_edit_sets_strength_and_texture_too(run: Run, portrait: Path) -> None:
    options = ["--edit", "strength=0.3", "--edit", "texture=0.1", "--strength", "0.3"]
    assert look_of(run, portrait, *options) == Look(0.3, 0.1)


@pytest.mark.parametrize("name", ["strength", "texture"])
def test_an_option_and_an_edit_that_contradict_each_other_are_refused(
    name: str, run: Run, portrait: Path
) -> None:
    out = portrait.with_name("out.png")
    ran = run("beautify", portrait, "-o", out, f"--{name}", "0.1", "--edit", f"{name}=0.2")
    assert ran.code == 2
    assert f"`--{name}` and `--edit {name}=...` say different things" in ran.err
    assert not out.exists()


def test_an_unknown_preset_ends_with_2_before_anything_is_read(run: Run, portrait: Path) -> None:
    ran = run("beautify", portrait.with_name("absent.png"), "-o", "out.png", "--preset", "studoi")
    assert ran.code == 2
    assert "There is no preset called studoi. Did you mean studio?" in ran.err


def test_a_preset_of_ones_own_is_renamed_and_deleted(run: Run, home: Path) -> None:
    assert run("presets", "save", "soft", "--strength", "0.3").code == 0
    ran = run("presets", "rename", "soft", "Very soft")
    assert (ran.code, ran.out) == (0, "soft is called very-soft now: Very soft.\n")
    assert run("presets", "delete", "very-soft").out == "very-soft is deleted.\n"
    assert list((home / "config" / "presets").iterdir()) == []
    assert run("presets", "delete", "natural").code != 0
