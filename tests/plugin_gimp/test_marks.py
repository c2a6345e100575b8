"""What GIMP's dialog makes of a mark's answer. GIMP, the window and the session are stand-ins."""

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from retouchml import sentences
from retouchml.results import Box, Face

FIRST, LATE, PLACE = (10, 10, 100, 100), (300, 10, 60, 60), (500, 10, 40, 40)


class _Any(type):
    """A class for every name of GIMP's and GTK's, as base classes and annotations need."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything

    def __or__(cls, _other: object) -> Any:
        return cls


class _Anything(metaclass=_Any):
    pass


class _Repository(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything


class Shown:
    """A dialog that knows one face, which is ticked, and what it showed: the rest of it does nothing."""

    def __init__(self, module: Any) -> None:
        self.said: list[str] = []
        self.ticked: list[int] = [0]
        self.dialog = module.Dialog.__new__(module.Dialog)
        row = SimpleNamespace(ticked=self.ticked)
        vars(self.dialog).update(
            _faces=_faces(FIRST),
            _shown=0,
            _places=(),
            _requested={},
            _layer=SimpleNamespace(get_image=lambda: None),
            _window=SimpleNamespace(face_row=row, say=self.said.append),
            _fill_faces=lambda ticked: self.ticked.__setitem__(slice(None), ticked),
            _request_render=lambda: None,
        )

    def tell(self, boxes: tuple[Box, ...], *marks: Box) -> None:
        self.dialog._on_faces(_faces(*boxes), marks)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shown]:
    before = set(sys.modules)
    gi, repository = ModuleType("gi"), _Repository("gi.repository")
    nothing = lambda *_: None  # noqa: E731
    vars(gi).update(require_version=nothing, require_foreign=nothing, repository=repository)
    monkeypatch.setitem(sys.modules, "gi", gi)
    monkeypatch.setitem(sys.modules, "gi.repository", repository)
    kept = {name: sys.modules.pop(name) for name in before if name.startswith("plugin_gimp")}
    module = importlib.import_module("plugin_gimp.dialog")
    monkeypatch.setattr(module, "Gimp", SimpleNamespace(Selection=SimpleNamespace(none=nothing)))
    yield Shown(module)
    for name in [name for name in sys.modules if name.startswith("plugin_gimp")]:
        del sys.modules[name]
    sys.modules.update(kept)


def _faces(*boxes: Box) -> tuple[Face, ...]:
    return tuple(Face(box, ((0.0, 0.0),) * 68, 3.0) for box in boxes)


def test_faces_that_are_known_again_after_the_mark_are_not_its_answer(shown: Shown) -> None:
    shown.tell((FIRST,))
    assert shown.said == []
    shown.tell((FIRST, LATE))
    assert (shown.said, shown.ticked) == ([], [0])
    shown.tell((FIRST, LATE, PLACE), PLACE)
    assert (shown.said, shown.ticked, shown.dialog._shown) == ([], [0, 2], 2)
    assert shown.dialog._places == (PLACE,)


@pytest.mark.parametrize("boxes", [(FIRST, LATE, PLACE), (FIRST, PLACE, LATE)])
def test_a_face_found_together_with_the_marked_one_is_neither_ticked_nor_shown(
    shown: Shown, boxes: tuple[Box, ...]
) -> None:
    shown.tell(boxes, PLACE)
    assert (shown.ticked, shown.dialog._shown) == ([0, boxes.index(PLACE)], boxes.index(PLACE))
    assert shown.dialog._places == (PLACE,)


def test_a_mark_of_a_known_face_is_said_also_where_another_is_found_late(shown: Shown) -> None:
    shown.tell((FIRST, LATE), (20, 20, 80, 80))
    assert shown.said == [sentences.FACE_KNOWN]
    assert (shown.ticked, shown.dialog._places) == ([0], ())
