"""The dialog is there before what takes its time: its pixels, and modules that it does not need yet."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.running import Daemon, until
from tests.editors.gimp.conftest import ROOTS, gimp_with_filter
from tests.editors.gimp.dialog_driver import PATIENCE, Inside, is_split, open_dialog, preview
from tests.editors.gimp.running import Gimp

_INSIDE = Path(__file__).with_name("beginning_inside.py")

_COMPARISON = """
from plugin_gimp import pixbufs
preview = [each for each in every() if type(each).__name__ == "Preview"][-1]
layer, view = preview._layer, preview._view.sized(400, 480)
pictures = [make(layer, view.origin, view.size, view.scale) for make in (pixbufs.at_once, pixbufs.of_layer)]
first, whole = ([each.get_pixels()[place::4] for place in range(4)] for each in pictures)
apart = [abs(a - b) for channel in range(3) for a, b in zip(first[channel], whole[channel])]
answer = sum(apart) / len(apart), sum(a != b for a, b in zip(first[3], whole[3]))
"""


@pytest.fixture(params=sorted(ROOTS))
def editor(request: pytest.FixtureRequest, editor_home: Path, tmp_path: Path) -> Iterator[Gimp]:
    """A GIMP of its own, whose filter notes how it begins."""
    inside = {"RETOUCHML_INSIDE": str(_INSIDE)}
    with gimp_with_filter(request.param, editor_home, tmp_path, **inside) as started:
        yield started


def test_the_dialog_is_drawn_with_the_picture_before_any_pixel_is_sent(editor: Gimp, daemon: Daemon) -> None:
    _, dialog = open_dialog(editor)
    assert until(lambda: is_split(preview(editor, dialog)), PATIENCE)
    assert daemon.status().photos == 1
    inside = Inside(editor)
    order = inside.ask("kept['order']")
    assert order.index("drawn") < order.index("pixels read")
    # the daemon computes while the thumbnails are made
    assert order.index("looks requested") < order.index("faces shown")
    loaded = inside.run("""
import sys
from gi.repository import Gegl
answer = Gegl.list_operations(), "http.client" in sys.modules
""")
    assert loaded == [[], False]  # the latter sets an engine up


@pytest.mark.usefixtures("daemon")
def test_the_first_picture_is_that_of_the_layer(editor: Gimp) -> None:
    open_dialog(editor, "image = load()\nimage.get_layers()[0].add_alpha()")
    difference, holes = Inside(editor).run(_COMPARISON)
    assert difference < 5  # of 255: GIMP shrinks it in another way
    assert holes == 0
