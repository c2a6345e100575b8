"""The docker's values: settings from one run of Krita to the next, the text of a task."""

import pytest

from plugin_krita.view_state import BEAUTIFY, PREVIEW, TaskView, UserSettings, View
from retouchml.look import Look


def test_settings_are_read_as_they_were_written_but_expressions_begin_at_zero() -> None:
    look = Look(0.8, 0.1, {"smile": 0.3, "teeth": 0.0, "lines": 0.9}, "auto")
    kept = UserSettings.from_json(UserSettings(look, live=False, mask=True).to_json())
    assert kept == UserSettings(Look(0.8, 0.1, {"teeth": 0.0, "lines": 0.9}, "auto"), live=False, mask=True)


def test_settings_of_version_0_2_are_read() -> None:
    text = '{"strength": 0.8, "texture": 0.1, "live": false, "mask": true}'
    assert UserSettings.from_json(text) == UserSettings(Look(0.8, 0.1), live=False, mask=True)


def test_a_slider_that_is_not_there_any_more_is_forgotten() -> None:
    text = (
        '{"strength": 0.8, "texture": 0.1, "edits": {"goatee": 1, "teeth": 7}, "live": true, "mask": false}'
    )
    assert UserSettings.from_json(text).look == Look(0.8, 0.1, {"teeth": 1.0})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"strength": "much", "texture": 0.5, "live": true, "mask": true}',
        '{"strength": 1}',
        '{"strength": 1, "texture": 0.5, "render": "oil", "live": true, "mask": true}',
        '{"strength": 1, "texture": 0.5, "edits": [1], "live": true, "mask": true}',
        '{"strength": 1, "texture": 0.5, "edits": {"teeth": "much"}, "live": true, "mask": true}',
    ],
)
def test_settings_that_make_no_sense_are_the_defaults(text: str) -> None:
    assert UserSettings.from_json(text) == UserSettings()


def test_numbers_out_of_range_are_limited() -> None:
    text = '{"strength": 7, "texture": -1, "live": true, "mask": false}'
    assert UserSettings.from_json(text) == UserSettings(Look(1.0, 0.0))


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
    assert View(layer="Photo", task=TaskView(PREVIEW, "render")).can_find
    assert not View(layer="Photo", task=TaskView(BEAUTIFY, "render")).can_find
    assert not View().can_find


def test_a_job_can_be_added_while_another_one_is_under_way() -> None:
    assert View(layer="Photo", task=TaskView(BEAUTIFY, "render")).can_start
    assert not View().can_start
