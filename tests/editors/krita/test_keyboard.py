"""The docker in real Krita by the keyboard alone, and as a screen reader knows it."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.editors.krita import pictures
from tests.editors.krita.running import Krita, until
from tests.stand_in_backend import FACE_PAIR

IN_ORDER = (
    *("views", "fit", "pixels", "preview", "face_0", "face_1", "mark", "all", "none", "preset"),
    *(
        "slider_strength",
        "fold_skin",
        "fold_expression",
        "same",
        "live",
        "mask",
        "keep",
        "beautify",
        "settings",
    ),
)
_STOPS = """
stops = [
    each for each in docker().widget().findChildren(QWidget)
    if each.isVisible() and each.isEnabled() and each.focusPolicy() & 1 and each.focusProxy() is None
]
"""


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


@pytest.fixture(autouse=True)
def found(krita: Krita, tmp_path: Path) -> Iterator[None]:
    """A picture whose two faces were found."""
    pixels = np.random.default_rng(5).integers(0, 100, (160, 320, 3)).astype(np.uint8)
    pictures.put(krita, pictures.as_krita(pixels, "U8"), tmp_path)
    until(lambda: krita.view()["layer"] == "Background")
    krita.click_until("find", lambda: krita.view()["faces"] is not None)
    krita.wait_for_task()
    yield
    krita.run("arrange()")


def focused(krita: Krita) -> str:
    """The name of the docker's widget that has the focus, "" if none has."""
    name: str = krita.run(
        """
held = docker().window().focusWidget()
answer = held.objectName() or repr(held) if held is not None and docker().isAncestorOf(held) else ""
"""
    )
    return name


def next_stop(krita: Krita, name: str, key: str = "Tab") -> str:
    """Where that key leads to from a widget. Krita itself may take the focus to a new picture meanwhile."""
    for _ in range(5):
        krita.run(f"widget({name!r}).setFocus()")
        until(lambda: focused(krita) == name)
        krita.screen.do("key", key)
        with suppress(AssertionError):
            return str(until(lambda: (stop := focused(krita)) != name and stop, 5.0))
    raise AssertionError(f"{key} leads nowhere from {name}")


def test_tab_goes_through_the_docker_from_the_top_to_the_bottom(krita: Krita) -> None:
    passed = ["views"]
    while passed[-1] != "settings":
        passed.append(next_stop(krita, passed[-1]))
        assert len(passed) < 60, passed
    places = [passed.index(name) for name in IN_ORDER]
    assert all(before < after for before, after in pairwise(places)), passed
    assert next_stop(krita, "settings", "shift+Tab") == passed[-2]


def test_the_keys_alone_tick_a_face_set_a_slider_and_beautify(krita: Krita) -> None:
    krita.run("widget('face_0').setFocus()")
    until(lambda: focused(krita) == "face_0")
    krita.screen.do("key", "space")
    until(lambda: krita.view()["faces"] == [[False, True], [True, False]])
    assert next_stop(krita, "face_0") == "face_1"
    krita.screen.do("key", "Return")
    until(lambda: krita.view()["faces"] == [[False, False], [True, True]])
    stop = "face_1"
    while stop != "slider_strength":
        stop = next_stop(krita, stop)
    krita.screen.do("key", "ctrl+a")
    krita.screen.do("type", "80")
    krita.screen.do("key", "Return")
    until(lambda: krita.view()["strength"] == 0.8)
    krita.screen.do("key", "alt+" + krita.ask("widget('beautify').shortcut().toString()")[-1].lower())
    until(lambda: krita.ask("layers()") == ["Background", "Background (retouched)"])
    krita.wait_for_task()


def test_faces_count_from_one_and_the_headline_names_the_picture(krita: Krita) -> None:
    assert krita.ask("[widget(f'face_{n}').accessibleName() for n in (0, 1)]") == ["Face 1", "Face 2"]
    assert krita.ask("widget('layer').text()") == "made: Background"


def test_every_control_has_a_name_and_no_two_letters_are_the_same(krita: Krita) -> None:
    unnamed = krita.run(
        _STOPS
        + """
answer = [
    each.objectName() or type(each).__name__ for each in stops
    if not (each.accessibleName() or each.property("text") or each.property("currentText"))
]"""
    )
    assert unnamed == []
    letters = krita.run(
        """
from PyQt5.QtWidgets import QAbstractButton
keys = [each.shortcut().toString() for each in docker().widget().findChildren(QAbstractButton)]
menus = [each.text() for each in docker().window().menuBar().actions()]
answer = [[key[-1].lower() for key in keys if key], [each.partition("&")[2][:1].lower() for each in menus]]
"""
    )
    assert len(letters[0]) > 8
    assert len(set(letters[0])) == len(letters[0])
    assert not set(letters[0]) & set(letters[1])
