"""What the speed benchmark times: the first patch that is seen, and the first that is finished."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import speed
from benchmarks.rows import group, portrait
from pipeline.refined import Refined
from retouchml import Look
from retouchml.results import FULL, LOCAL, QUICK, Refinement


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(2.0, LOCAL), (4.0, QUICK), (5.0, FULL), (50.0, FULL)], (3.0, 7.0, 12.0)),
        ([(2.0, LOCAL), (5.0, FULL)], (3.0, 8.0, 8.0)),
    ],
)
def test_the_first_patches_and_the_first_finished_face_are_timed(
    steps: list[tuple[float, Refinement]],
    expected: tuple[float, float, float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = _Clock()
    asked: list[dict[int, Look]] = []

    def refined(looks: dict[int, Look]) -> Iterator[Refined]:
        asked.append(looks)
        for seconds, refinement in steps:
            clock.now += seconds
            yield Refined(refinement, (0,), ())

    def open_photo(_: object) -> Any:
        clock.now += 1.0
        return SimpleNamespace(faces=[None] * 3, refined=refined)

    monkeypatch.setattr(speed, "time", clock)
    retoucher: Any = SimpleNamespace(open=open_photo)
    assert speed.first_look(retoucher, np.zeros((4, 4, 3), np.uint8)) == expected
    assert asked == [dict.fromkeys(range(3), Look())]


@pytest.mark.parametrize("pixels", [portrait(1), group(1, 3)])
def test_the_photographs_have_the_size_that_they_are_called_by(pixels: np.ndarray[Any, Any]) -> None:
    height, width, channels = pixels.shape
    assert channels == 3
    assert height * width == pytest.approx(1e6, rel=0.01)
    assert width / height == pytest.approx(1.5, abs=0.01)


def test_a_group_shows_the_portrait_side_by_side() -> None:
    pixels = group(1, 3)
    side = pixels.shape[1] // 3
    assert np.array_equal(pixels[:, :side], pixels[:, side : 2 * side])
    assert pixels[:, :side].std() > 20.0
