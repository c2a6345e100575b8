"""dlib's detectors: what a search costs before it looks for anything."""

from pathlib import Path

import dlib
import numpy as np
import pytest

from pipeline.dlib_search import DlibSearch


def test_the_hog_detector_is_made_once_and_by_the_first_search(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    make = dlib.get_frontal_face_detector

    def counted() -> object:
        made.append(make())
        return made[-1]

    monkeypatch.setattr(dlib, "get_frontal_face_detector", counted)
    search = DlibSearch(Path("never read"))
    assert not made
    black = np.zeros((120, 120, 3), np.uint8)
    assert search.in_view(black) == []
    assert not search.is_sure(black)
    assert len(made) == 1
