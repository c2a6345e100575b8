"""The command line in another language: what people read is translated, what programs read is not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from retouchml import translation
from tests.retouchml.running import Run


@pytest.fixture(autouse=True)
def german(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RETOUCHML_LANGUAGE", "de")
    yield
    translation.use(translation.SOURCE)


def test_help_is_translated_with_its_headings(run: Run) -> None:
    ran = run("beautify", "--help")
    assert ran.code == 0
    for word in ("Aufruf: retouchml", "Optionen:", "vorhandene Dateien ersetzen", "(Vorgabe: 0.85)"):
        assert word in " ".join(ran.out.split())


def test_a_wrong_command_line_is_explained_and_its_exit_code_stays(run: Run) -> None:
    ran = run("beautify")
    assert ran.code == 2
    assert "Fehler: diese Argumente fehlen: -o/--output" in ran.err


def test_an_error_is_translated_with_its_advice(run: Run, tmp_path: Path) -> None:
    ran = run("beautify", tmp_path / "gone.png", "-o", tmp_path / "out.png")
    assert ran.code == 1
    gone = tmp_path / "gone.png"
    assert ran.err == f"retouchml: Es gibt keine Datei {gone}. Prüfen Sie Namen und Ordner.\n"


def test_json_stays_english(run: Run) -> None:
    presets = json.loads(run("presets", "--json").out)
    assert presets[0]["title"] == "Natural"
    assert "Natürlich" in run("presets").out


def test_the_number_of_faces_has_its_plural(run: Run, portrait: Path) -> None:
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"))
    assert ran.code == 0
    assert "1 Gesicht retuschiert" in ran.out or "Gesichter retuschiert" in ran.out
