"""The docker's values: settings from one run of Krita to the next, the text of a task."""

import pytest

from plugin_krita.view_state import BEAUTIFY, PREVIEW, TaskView, UserSettings, View
from retouchml.look import Look


def test_settings_are_read_as_they_were_written_but_edits_begin_at_zero() -> None:
    settings = UserSettings(0.8, 0.1, {"smile": 0.3}, live=False, mask=True)
    assert UserSettings.from_json(settings.to_json()) == UserSettings(0.8, 0.1, {}, live=False, mask=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"strength": "much", "texture": 0.5, "live": true, "mask": true}',
        '{"strength": 1}',
    ],
)
def test_settings_that_make_no_sense_are_the_defaults(text: str) -> None:
    assert UserSettings.from_json(text) == UserSettings()


def test_numbers_out_of_range_are_limited() -> None:
    text = '{"strength": 7, "texture": -1, "live": true, "mask": false}'
    assert UserSettings.from_json(text) == UserSettings(1.0, 0.0)


def test_edits_at_zero_are_no_part_of_the_look() -> None:
    assert UserSettings(0.2, 0.4, {"smile": 0.0, "age": -0.5}).look == Look(0.2, 0.4, {"age": -0.5})


@pytest.mark.parametrize(
    ("remaining", "text"),
    [
        (None, "Retouching"),
        (0.9, "Retouching"),
        (1.0, "Retouching, about 1 s"),
        (12.4, "Retouching, about 12 s"),
    ],
)
def test_a_task_is_shown_with_the_seconds_that_remain(remaining: float | None, text: str) -> None:
    assert TaskView(BEAUTIFY, "render", 0.5, remaining).text == text


def test_a_stage_of_a_newer_daemon_is_shown_by_its_name() -> None:
    assert TaskView(BEAUTIFY, "polish").text == "polish"


def test_a_preview_does_not_keep_the_user_from_working() -> None:
    assert View(layer="Photo", task=TaskView(PREVIEW, "render")).can_start
    assert not View(layer="Photo", task=TaskView(BEAUTIFY, "render")).can_start
    assert not View().can_start
