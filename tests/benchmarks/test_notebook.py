"""The notebook: it runs, its pictures are those of its cells, and it stays small."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.notebook import NOTEBOOK, main, run


def cell(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "outputs": [], "source": source.splitlines(True)}


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [each for each in json.loads(path.read_text())["cells"] if each["cell_type"] == "code"]


def kinds(cells: list[dict[str, Any]]) -> list[list[str]]:
    """What each cell shows: streams, and the types of its value."""
    return [
        [name for output in each["outputs"] for name in output.get("data", {output.get("name", ""): ""})]
        for each in cells
    ]


def test_cells_share_a_namespace_and_show_their_last_value_and_what_they_print() -> None:
    cells = [cell("a = 2\nprint(a)"), {"cell_type": "markdown", "source": ["text"]}, cell("a *= 3\na")]
    run(cells)
    assert cells[0]["outputs"] == [{"name": "stdout", "output_type": "stream", "text": ["2\n"]}]
    assert cells[2]["outputs"][0]["data"] == {"text/plain": ["6"]}
    assert [cells[0]["execution_count"], cells[2]["execution_count"]] == [1, 2]
    assert "outputs" not in cells[1]


def test_what_a_cell_raises_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run([cell("1 / 0")])


def test_a_picture_is_shown_as_jpeg() -> None:
    cells = [cell("from PIL import Image\nImage.new('RGB', (3, 2))")]
    run(cells)
    assert "image/jpeg" in cells[0]["outputs"][0]["data"]


def test_the_kept_notebook_was_run_whole_and_is_small() -> None:
    cells = code_cells(NOTEBOOK)
    assert [each["execution_count"] for each in cells] == list(range(1, len(cells) + 1))
    assert sum("image/jpeg" in kind for kind in kinds(cells)) >= 7
    assert NOTEBOOK.stat().st_size < 1_000_000


def test_the_notebook_runs_and_shows_what_it_keeps(
    real_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETOUCHML_HOME", str(real_home))
    output = tmp_path / "run.ipynb"
    assert main(["--output", str(output)]) == 0
    assert kinds(code_cells(output)) == kinds(code_cells(NOTEBOOK))
    for ran, kept in zip(code_cells(output), code_cells(NOTEBOOK), strict=True):
        assert ran["source"] == kept["source"]
