"""The file of a preset is read strictly: every mistake is a sentence that names it."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retouchml.errors import UsageError
from retouchml.look import Look
from retouchml.presets import preset_file
from retouchml.presets.preset_file import Preset, as_text, check_name, parse, read
from retouchml.sliders import BY_NAME
from tests.retouchml.running import needs_links

EVENING = """\
title = "Evening"
help = "soft light"

[sliders]
strength = 0.3
smile = -0.25
texture = 1
"""


def test_a_preset_is_a_table_of_sliders_with_a_title_and_a_help_text(tmp_path: Path) -> None:
    (tmp_path / "evening.toml").write_bytes(b"\xef\xbb\xbf" + EVENING.encode())  # as Windows' editors save
    preset = read(tmp_path / "evening.toml", is_own=True)
    assert preset == Preset("evening", "Evening", "soft light", Look(0.3, 1.0, {"smile": -0.25}), True)


def test_what_a_preset_does_not_name_is_not_set() -> None:
    preset = parse("[sliders]", "plain", "plain.toml")
    assert preset == Preset("plain", "plain", "", Look())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("title = 'x'", "has no table [sliders]"),
        ("sliders = 3", "has no table [sliders]"),
        ("[sliders]\n[colours]", "colours is no part of a preset"),
        ("[sliders]\nsmilee = 0.3", "There is no slider called smilee. Did you mean smile?"),
        ("[sliders]\nsmile = '0.3'", "smile must be a number"),
        ("[sliders]\nsmile = true", "smile must be a number"),
        ("[sliders]\nsmile = 2", "smile is 2, but must lie between -1 and 1"),
        ("[sliders]\nstrength = -0.1", "strength is -0.1, but must lie between 0 and 1"),
        ("[sliders]\nsmile = nan", "smile is nan, but must lie between -1 and 1"),
        ("[sliders]\nsmile = [0.5]", "smile must be a number"),
        ("[sliders]\nsmile = 2026-11-28", "smile must be a number"),
        (f"[sliders]\nsmile = 1{'0' * 400}", "smile is out of range"),
        (f"[sliders]\nsmile = 1{'0' * 9000}", "is no valid TOML"),
        ("[sliders]\nsmile = 1e999", "smile is inf, but must lie between -1 and 1"),
        ("[sliders]\nsmile = 1\nsmile = 1", "is no valid TOML"),
        ("[sliders\n", "is no valid TOML"),
        ("x = " + "[" * 60_000, "is no valid TOML"),
        ("title = 3\n[sliders]", "title must be one line of text"),
        ("render = 'drawn'\n[sliders]", "There is no way to render called drawn"),
        ("render = 3\n[sliders]", "There is no way to render called 3"),
        ('help = "a\\nb"\n[sliders]', "help must be one line of text"),
        ('title = "\\u001b[2J"\n[sliders]', "title must be one line of text"),
        (f"title = '{'x' * 61}'\n[sliders]", "of 60 characters at most"),
    ],
)
def test_a_mistake_is_a_sentence_that_names_the_file(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(text, "evening", "evening.toml")
    assert refused.value.message.startswith("evening.toml")
    assert sentence in refused.value.message


VALUES = st.floats() | st.integers() | st.booleans() | st.text(max_size=9)


@settings(deadline=None)
@given(st.text(max_size=60), st.dictionaries(st.sampled_from([*BY_NAME, "moustache"]), VALUES, max_size=4))
def test_whatever_a_file_holds_is_read_or_refused(start: str, sliders: dict[str, Any]) -> None:
    lines = [f"{name} = {str(value).lower()}" for name, value in sliders.items()]
    for text in (start, "\n".join(["[sliders]", *lines]), "\n".join([start, "[sliders]", *lines])):
        with suppress(UsageError):  # any other error fails the test
            preset = parse(text, "any", "any.toml")
            assert parse(as_text(preset), "any", "any.toml") == preset


def test_a_file_that_is_too_large_or_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.toml"
    path.write_text("[sliders]\n" + "#" * (64 << 10))
    with pytest.raises(UsageError, match="cannot be read: Larger than"):
        read(path)
    path.write_bytes(b"[sliders]\n# \xff")
    with pytest.raises(UsageError, match="is not text in UTF-8"):
        read(path)
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read(tmp_path / "absent.toml")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(UsageError, match="cannot be read: Not a regular file"):
        read(tmp_path / "pipe.toml")


@needs_links
def test_a_preset_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "evening.toml").write_text(EVENING)
    (tmp_path / "night.toml").symlink_to(tmp_path / "evening.toml")
    assert read(tmp_path / "night.toml").name == "night"


@pytest.mark.parametrize("name", ["a", "soft-light", "2nd", "a_b", "x" * 40])
def test_names_that_every_system_can_hold_are_taken(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "../a", "a/b", "A", "ä", "a b", "con", "lpt1", "x" * 41, "a\n"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a preset"):
        check_name(name)


@pytest.mark.parametrize("title", ['"quoted" \\ back', "Zürich ☀ 𝄞", "'"])
def test_what_is_written_reads_back_as_it_was(title: str) -> None:
    preset = Preset("mine", title, title, Look(0.1, 1 / 3, {"smile": -1e-05, "teeth": 0.0}))
    assert parse(as_text(preset), "mine", "mine.toml") == preset


def test_without_a_reader_of_toml_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tomllib", None)
    monkeypatch.setitem(sys.modules, "tomli", None)
    with pytest.raises(UsageError, match="cannot read presets") as refused:
        preset_file.parse(EVENING, "evening", "evening.toml")
    assert "installer" in refused.value.advice


def test_a_preset_may_say_whose_pixels_show_it() -> None:
    preset = parse('render = "generated"\n[sliders]\nage = 0.8', "older", "older.toml")
    assert preset.look == Look(edits={"age": 0.8}, render="generated")
    assert parse(as_text(preset), "older", "older.toml") == preset
    assert "render" not in as_text(Preset("plain", "Plain", "", Look()))
