"""``benchmarks.strips``: one slider alone, its part of the face, and a picture of each in the document."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks import strips
from benchmarks.strips import OUTPUT, PANEL, box_of, look_of, strip, values_of
from retouchml.results import Face
from retouchml.sliders import BY_NAME, SLIDERS, Slider

CONTROLS = Path(__file__).parents[2] / "docs" / "controls.md"


@pytest.mark.parametrize("slider", SLIDERS, ids=lambda slider: slider.name)
def test_a_strip_shows_its_slider_alone(slider: Slider) -> None:
    for value in values_of(slider):
        shown = look_of(slider, value).values
        assert shown.pop(slider.name) == value
        if slider.name == "strength":
            continue
        assert shown.pop("strength") == (1.0 if slider.name == "texture" else 0.0)
        shown.pop("texture", None)
        assert not any(shown.values())


def test_a_slider_that_is_in_its_middle_at_0_is_shown_untouched_there() -> None:
    assert values_of(BY_NAME["smile"]) == (-1.0, 0.0, 1.0)
    assert look_of(BY_NAME["smile"], 0.0).untouched
    assert values_of(BY_NAME["teeth"]) == (0.0, 0.5, 1.0)
    assert look_of(BY_NAME["teeth"], 0.0).untouched


@pytest.mark.parametrize("offset", [0, 340])
def test_the_box_holds_its_part_of_the_face_and_stays_in_the_picture(offset: int) -> None:
    points = [(60.0 + number, 80.0 + 0.5 * number) for number in range(68)]
    face = Face((0, 0, 9, 9), tuple((x + offset, y) for x, y in points), 3.0)
    for slider in SLIDERS:
        left, top, right, bottom = box_of(slider, face, 500, 200)
        assert 0 <= left < right <= 500
        assert 0 <= top < bottom <= 200
    left, top, right, bottom = box_of(BY_NAME["teeth"], face, 500, 200)
    mouth = np.array(face.landmarks[48:68])
    assert (mouth.min(0) >= (left, top)).all()
    assert (mouth.max(0) <= (right, bottom)).all()


def test_a_strip_is_its_panels_in_a_row() -> None:
    panels = [
        np.full((side // 2, side, 3), shade, np.uint8) for side, shade in ((50, 0), (300, 90), (240, 200))
    ]
    made = strip(panels, ["a", "b", "c"])
    assert made.shape == (PANEL // 2 + 18, 3 * PANEL + 8, 3)
    for place, panel in enumerate(panels):
        left = place * (PANEL + 4)
        assert (made[: PANEL // 2, left : left + PANEL] == panel[0, 0, 0]).all()
    assert (made[PANEL // 2 :] < 128).any()  # the labels


def test_the_document_shows_a_strip_of_each_slider() -> None:
    shown = re.findall(r"\(pictures/controls/([a-z_]+)\.jpg\)", CONTROLS.read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(BY_NAME)
    assert sorted(path.stem for path in OUTPUT.glob("*.jpg")) == sorted(BY_NAME)
    for path in OUTPUT.glob("*.jpg"):
        with Image.open(path) as image:
            assert image.width == 3 * PANEL + 8


class _Faceless:
    """A retoucher that finds no face."""

    faces = ()

    def open(self, pixels: NDArray[np.uint8], *, icc: bytes) -> "_Faceless":
        return self


def test_a_picture_without_a_face_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "wall.png")
    monkeypatch.setattr(strips, "Retoucher", _Faceless)
    monkeypatch.setattr("sys.argv", ["strips", str(tmp_path / "wall.png"), "--output", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as stopped:
        strips.main()
    assert stopped.value.code == 2
    assert "no face was found in" in capsys.readouterr().err
