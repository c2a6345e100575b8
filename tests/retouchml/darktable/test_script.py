"""darktable's script, in Lua's own interpreter with a stand-in of darktable's API, and a stand-in command."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import retouchml
from retouchml.translation import LANGUAGES, SOURCE, Catalogue

SCRIPT = Path(retouchml.__file__).parent / "darktable/retouchml.lua"
LUA = next((path for name in ("lua5.4", "lua") if (path := shutil.which(name))), "")
pytestmark = [
    pytest.mark.skipif(not LUA, reason="needs Lua 5.4 on the path"),
    pytest.mark.skipif(sys.platform == "win32", reason="the stand-in command is a file with a first line"),
    pytest.mark.processes,
]

COMMAND = """#!{python}
import sys
from pathlib import Path
words = sys.argv[1:]
if words[0] == "presets":
    print('[{{"name": "natural", "title": "N"}}, {{"name": "evening", "title": "E"}}]')
    sys.exit(0)
source, target = Path(words[-1]), Path(words[words.index("--output") + 1])
assert words[0] == "beautify" and words[-2] == "--" and not target.exists()
if source.read_text() == "broken":
    sys.stderr.write("retouchml: first\\nretouchml: It is damaged.\\n")
    sys.exit(1)
target.write_text(source.read_text() + "+" + words[words.index("--preset") + 1])
sys.exit(3 if source.read_text() == "nobody" else 0)
"""


@dataclass
class Ran:
    """What the script said, and what its menu shows."""

    said: str
    menu: str


@pytest.fixture
def command(tmp_path: Path) -> Path:
    path = tmp_path / "it's a command"
    path.write_text(COMMAND.format(python=sys.executable))
    path.chmod(0o755)
    return path


def export(file: Path, command: object, preset: str, *system: str, **environment: str) -> Ran:
    """Let darktable export a file, with a preset chosen; system, environment: see ``stand_in.lua``."""
    stand_in = Path(__file__).with_name("stand_in.lua")
    ran = subprocess.run(
        [LUA, stand_in, SCRIPT, str(command), preset, file, *system],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
    )
    return Ran(ran.stdout, ran.stderr)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    folder = tmp_path / 'a "folder"; it\'s $HOME'
    folder.mkdir()
    path = folder / "-my picture's.JPG"
    path.write_text("face")
    return path


def test_an_exported_picture_is_retouched_in_its_place_whatever_its_name(
    picture: Path, command: Path
) -> None:
    assert export(picture, command, "studio").said == ""
    assert picture.read_text() == "face+studio"
    assert list(picture.parent.iterdir()) == [picture]


@pytest.mark.parametrize("preset", ["off", ""])
def test_without_a_preset_nothing_is_done(picture: Path, command: Path, preset: str) -> None:
    assert export(picture, command, preset).said == ""
    assert picture.read_text() == "face"


def test_files_of_the_user_beside_the_picture_stay(picture: Path, command: Path) -> None:
    stem = picture.name.removesuffix(".JPG")
    own = [
        picture.with_name(stem + ending)
        for ending in (".retouchml.JPG", ".retouchml.log", ".retouchml-1.JPG")
    ]
    for each in own:
        each.write_text("own")
    export(picture, command, "evening")
    assert picture.read_text() == "face+evening"
    assert [each.read_text() for each in own] == ["own"] * 3
    assert sorted(picture.parent.iterdir()) == sorted([picture, *own])


def test_on_windows_the_result_takes_the_picture_s_place(tmp_path: Path, command: Path) -> None:
    folder = tmp_path / "exported"
    folder.mkdir()
    path = folder / "a picture.jpg"
    path.write_text("face")
    assert export(path, command, "studio", "windows").said == ""
    assert path.read_text() == "retouched"
    assert list(folder.iterdir()) == [path]


def test_on_windows_the_picture_stays_if_the_result_cannot_take_its_place(
    tmp_path: Path, command: Path
) -> None:
    folder = tmp_path / "exported"
    folder.mkdir()
    path = folder / "a picture.jpg"
    path.write_text("face")
    assert export(path, command, "studio", "stuck").said.startswith("RetouchML: ")
    assert path.read_text() == "face"
    assert list(folder.iterdir()) == [path]


def test_on_windows_a_name_with_a_percent_sign_is_refused(tmp_path: Path, command: Path) -> None:
    path = tmp_path / "%HOME%.jpg"
    path.write_text("face")
    assert "a name with % in it" in export(path, command, "studio", "windows").said
    assert path.read_text() == "face"
    assert export(path, command, "studio").said == "", "elsewhere it is a name like any other"
    assert path.read_text() == "face+studio"


def test_a_picture_that_fails_stays_and_its_reason_is_said(picture: Path, command: Path) -> None:
    picture.write_text("broken")
    assert export(picture, command, "studio").said == "RetouchML: It is damaged.\n"
    assert picture.read_text() == "broken"
    assert list(picture.parent.iterdir()) == [picture]


def test_a_picture_without_a_face_stays_as_it_was_exported(picture: Path, command: Path) -> None:
    picture.write_text("nobody")
    assert "no face was found" in export(picture, command, "studio").said
    assert picture.read_text() == "nobody"
    assert list(picture.parent.iterdir()) == [picture]


def test_a_missing_command_is_named_with_what_to_do(picture: Path, tmp_path: Path) -> None:
    ran = export(picture, tmp_path / "gone", "studio")
    assert f"the command {tmp_path / 'gone'} is missing" in ran.said
    assert "@SET_UP@" in ran.said  # the installer puts its own command there
    assert picture.read_text() == "face"


def test_a_format_that_is_not_retouched_is_left_alone(picture: Path, command: Path) -> None:
    other = picture.rename(picture.with_suffix(".exr"))
    assert "left as it is" in export(other, command, "studio").said
    assert other.read_text() == "face"


def test_the_menu_has_off_and_every_preset_of_the_user_s_and_shows_the_chosen_one(
    picture: Path, command: Path
) -> None:
    assert export(picture, command, "evening").menu == "RetouchML: off natural evening [3]\n"


def test_without_the_command_the_menu_has_the_presets_that_come_with_it(
    picture: Path, tmp_path: Path
) -> None:
    from retouchml.presets.library import SHIPPED

    shown = export(picture, tmp_path / "gone", "off").menu
    assert shown == f"RetouchML: off {' '.join(SHIPPED)} [1]\n"


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {SOURCE}))
def test_its_words_are_in_the_language_of_darktable(picture: Path, tmp_path: Path, language: str) -> None:
    catalogue, texts = Catalogue.load(language), tmp_path / "texts"
    english = re.findall(r'\b_\("([^"]+)"', SCRIPT.read_text(encoding="utf-8"))
    assert len(english) >= 10
    translations = [catalogue.translated(text) for text in english]
    assert set(translations).isdisjoint(english)
    lines = [line for pair in zip(english, translations, strict=True) for line in pair]
    texts.write_text("\n".join(lines), encoding="utf-8")
    ran = export(picture, "/missing", "studio", TEXTS=str(texts))
    said = dict(zip(english, translations, strict=True))
    off, preset = said["off"], said["Preset"]
    assert f"RetouchML: {off} natural clean studio strong shape-only skin-only [4]" in ran.menu
    assert f"{preset}: {said['faces are retouched like this when a picture is exported']}" in ran.menu
    assert said["RetouchML: its command"] in ran.menu
    # the menu's first entry was chosen, which is off whatever it is called
    assert ran.said == ""
    assert picture.read_text() == "face"


def test_a_sentence_has_its_values_in_any_language(picture: Path, tmp_path: Path) -> None:
    english = "the command {command} is missing. Run `{install}` again, or name it in the preferences."
    texts = tmp_path / "texts"
    texts.write_text(f"{english}\n{Catalogue.load('ja').translated(english)}", encoding="utf-8")
    ran = export(picture, "/it's 100 %1 missing", "studio", STAYS="1", TEXTS=str(texts))
    assert ran.said.startswith("RetouchML: コマンド /it's 100 %1 missing がありません。")
