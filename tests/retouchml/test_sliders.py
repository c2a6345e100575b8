"""A slider's range stands in its row alone: everything that takes a value asks the table."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from retouchml.sliders import EDITS, SLIDERS, Slider
from tests.retouchml.running import environment

# Values from 0.2 to 0.6 for the texture, and from -0.5 to 0.75 for the age, in place of the table's own.
_OTHER_RANGES = """
import argparse, json, math
from dataclasses import replace
from pathlib import Path
from retouchml import sliders

ranges = {"texture": (0.2, 0.6), "age": (-0.5, 0.75)}
sliders.SLIDERS = tuple(
    replace(slider, low=ranges[slider.name][0], high=ranges[slider.name][1], default=min(slider.default, 0.5))
    if slider.name in ranges
    else slider
    for slider in sliders.SLIDERS
)
sliders.BY_NAME = {slider.name: slider for slider in sliders.SLIDERS}
sliders.EDITS = tuple(slider for slider in sliders.SLIDERS if slider.name not in ("strength", "texture"))

from plugin_gimp.arguments import parse_edits
from plugin_krita.view_state import UserSettings
from retouchml import settings
from retouchml.cli.context import add_slider_option
from retouchml.client.messages import Render
from retouchml.look import Look, parse_edit

class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise ValueError(message)

def by_option(texture, age):
    parser = Parser()
    add_slider_option(parser, sliders.BY_NAME["texture"], "")
    parser.parse_args(["--texture", str(texture)])
    parse_edit(f"age={age}")

def by_settings(texture, age):
    file = Path("config.toml")
    file.write_text(f"texture = {texture}")
    if settings.load(file)[1]:
        raise ValueError

def by_krita(texture, age):
    values = {"strength": 0.5, "texture": texture, "live": True, "mask": False}
    if UserSettings.from_json(json.dumps(values)).look.texture != texture:
        raise ValueError

def by_wire(texture, age):
    look = {"face": 0, "texture": texture, "edits": {"age": age}}
    Render.from_fields({"photo": "x", "looks": [look]})

def accepts(take, texture, age):
    try:
        take(texture, age)
    except Exception as error:
        return False
    return True

takers = {
    "look": lambda texture, age: Look(texture=texture, edits={"age": age}),
    "options": by_option,
    "settings": by_settings,
    "krita": by_krita,
    "gimp": lambda texture, age: parse_edits(f"age={age}"),
    "wire": by_wire,
}
inside, outside = [(0.2, -0.5), (0.6, 0.75)], [(0.1, -0.6), (0.7, 0.8)]
print(json.dumps({
    name: [[accepts(take, *values) for values in pairs] for pairs in (inside, outside)]
    for name, take in takers.items()
}))
"""


def test_a_row_with_another_range_is_honoured_everywhere(tmp_path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", _OTHER_RANGES],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=tmp_path,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    answers = json.loads(child.stdout)
    assert answers == {name: [[True, True], [False, False]] for name in answers}
    assert set(answers) == {"look", "options", "settings", "krita", "gimp", "wire"}


@pytest.mark.parametrize("slider", SLIDERS, ids=lambda slider: slider.name)
def test_a_slider_accepts_its_range_and_nothing_else(slider: Slider) -> None:
    assert all(slider.accepts(value) for value in (slider.low, slider.default, slider.high))
    assert not any(
        slider.accepts(value) for value in (slider.low - 0.01, slider.high + 0.01, math.nan, math.inf)
    )
    assert [slider.clamp(value) for value in (slider.low - 1, slider.default, slider.high + 1)] == [
        slider.low,
        slider.default,
        slider.high,
    ]


def test_only_the_mouth_parts_the_lips_and_only_age_brings_lines() -> None:
    steps = {slider.name: slider.latent for slider in EDITS if slider.latent is not None}
    assert {name for name, step in steps.items() if step.parts_lips} == {"smile", "mouth"}
    assert {name for name, step in steps.items() if step.brings_lines} == {"age"}
