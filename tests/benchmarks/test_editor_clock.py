"""The clocks of the editors: the goal beside each figure, and photographs with as many faces as asked for."""

from pathlib import Path

import pytest
from PIL import Image

from benchmarks.editor_clock import FIRST, Table, write_photos
from benchmarks.rows import PORTRAIT


@pytest.mark.parametrize(
    ("name", "seconds", "said"),
    [
        (f"1 face, new: menu to {FIRST}", (2.4, 2.6, 2.5), "goal 2.5: met"),
        (f"3 faces, known: Find faces to {FIRST}", (0.7, 0.9, 0.9), "goal 0.8: missed"),
        ("1 face, known: menu to docker", (0.2, 0.9, 0.4), "goal 0.5: met"),
        ("1 face, known: slider Teeth to changed preview", (0.2, 0.2, 0.1), "goal 0.15: missed"),
        ("1 face, known: slider Smile to changed preview", (0.2, 0.2, 0.1), "goal 0.4: met"),
        ("1 face, new: longest own turn, processor time", (0.02, 0.06, 0.07), "goal 0.05: missed"),
    ],
)
def test_the_median_is_held_against_the_goal(name: str, seconds: tuple[float, ...], said: str) -> None:
    table = Table()
    for each in seconds:
        table.note(name, each)
    table.note("1 face, new: menu to last preview", 9.0)
    _head, row, other = table.text().splitlines()
    assert row.endswith(said)
    assert f"{sorted(seconds)[1]:9.3f}" in row
    assert "goal" not in other


def test_each_photograph_has_its_size_and_its_faces_and_differs_from_the_others(tmp_path: Path) -> None:
    written = list(write_photos([PORTRAIT], (1, 3, 1), tmp_path, 0.12))
    assert [count for count, _file in written] == [1, 3, 1]
    first, three, again = (Image.open(file) for _count, file in written)
    assert first.size == (400, 300)
    assert first.getpixel((330, 150)) == (122, 128, 131)
    assert three.getpixel((330, 150)) != (122, 128, 131)
    assert first.tobytes() != again.tobytes()
