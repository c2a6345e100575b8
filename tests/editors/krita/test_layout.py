"""The docker on a low screen, with many faces, and by the keys alone; in real Krita."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.editors.krita import pictures
from tests.editors.krita.running import Krita, until
from tests.stand_in_backend import FACE_ROW

WIDTH, HEIGHT = 1280, 720
MOST_IMPORTANT = ("preview", "slider_strength", "preset", "beautify", "daemon")


@pytest.fixture
def backend() -> str:
    return FACE_ROW


@pytest.fixture
def found(krita: Krita, tmp_path: Path) -> NDArray[Any]:
    """A picture whose twenty faces were found."""
    picture = np.random.default_rng(5).integers(0, 100, (400, 1600, 3)).astype(np.uint8)
    pixels = pictures.as_krita(picture, "U8")
    pictures.put(krita, pixels, tmp_path)
    until(lambda: krita.view()["layer"] == "Background")
    krita.run("arrange()")  # with the first picture, Krita 5.2 shows dockers again
    krita.click_until("find", lambda: krita.view()["faces"] is not None)
    krita.wait_for_task()
    return pixels


def in_sight(krita: Krita, name: str) -> bool:
    """Whether a whole widget is seen, and lies on the screen."""
    visible: bool = krita.run(f"""
target = widget({name!r})
corner = target.mapToGlobal(QPoint(0, target.height()))
seen = target.visibleRegion().boundingRect()
answer = target.isVisible() and seen.height() == target.height() and corner.y() <= {HEIGHT}
""")
    return visible


@pytest.mark.usefixtures("found")
def test_preview_sliders_and_button_are_in_sight_in_a_low_window_beside_the_layers(krita: Krita) -> None:
    krita.run(f"app.activeWindow().qwindow().setGeometry(0, 0, {WIDTH}, {HEIGHT})")
    try:
        until(lambda: all(in_sight(krita, name) for name in MOST_IMPORTANT))
        assert krita.ask("app.activeWindow().qwindow().height()") <= HEIGHT
    finally:
        krita.run("arrange()")


@pytest.mark.usefixtures("found")
def test_a_long_name_of_a_layer_ends_with_an_ellipsis(krita: Krita) -> None:
    krita.run(f"base.setName({'Retouched by hand ' * 9!r})")
    until(lambda: krita.ask("widget('layer').toolTip()").endswith("by hand "))
    assert krita.ask("widget('layer').seen").endswith("…")
    krita.run("base.setName('Background')")
    until(lambda: krita.view()["layer"] == "Background")


@pytest.mark.usefixtures("found")
def test_the_first_preview_fills_its_place(krita: Krita) -> None:
    """The place has changed while it was made, as the faces came below it."""
    room = "widget('preview')._rooms()[0]"
    shown = f"widget('preview')._pictures.area({room})"
    fills = f"{shown}.width() > {room}.width() - 6 or {shown}.height() > {room}.height() - 6"
    same = "abs(docker()._controller._tasks.room[1] - widget('preview')._rooms()[0].height()) < 1"
    until(lambda: krita.ask(f"({fills}) and {same}"))
    scale = "docker()._view.preview.before.height * docker()._view.preview.scale"
    until(lambda: krita.ask(f"{scale} < {room}.height() + 3"))


@pytest.mark.usefixtures("found")
def test_of_many_faces_the_largest_is_ticked_and_all_and_none_tick_every_one_and_none(krita: Krita) -> None:
    assert [ticked for ticked, _ in krita.view()["faces"]] == [True, *[False] * 19]
    krita.click("none")
    until(lambda: [ticked for ticked, _ in krita.view()["faces"]] == [False] * 20)
    krita.click("all")
    until(lambda: [ticked for ticked, _ in krita.view()["faces"]] == [True] * 20)


@pytest.mark.usefixtures("found")
def test_each_face_has_its_own_sliders_where_the_look_is_not_the_same_for_all(krita: Krita) -> None:
    krita.click("same", 0.05)
    until(lambda: not krita.ask("docker()._view.is_look_shared"))
    krita.click("face_1", 0.3, 0.3)
    until(lambda: krita.view()["faces"][1][1])
    change = "docker()._change(look=docker()._controller.settings.look.with_values({'strength': 0.9}))"
    krita.run(change)
    krita.click("face_2", 0.3, 0.3)
    until(lambda: krita.view()["faces"][2][1])
    assert krita.view()["strength"] == 0.5
    krita.click("face_1", 0.3, 0.3)
    until(lambda: krita.view()["strength"] == 0.9)
    krita.click("same", 0.05)
    until(lambda: krita.ask("docker()._view.is_look_shared"))
    krita.click("face_2", 0.3, 0.3)
    until(lambda: krita.view()["faces"][2][1])
    assert krita.view()["strength"] == 0.9


@pytest.mark.usefixtures("found")
def test_before_and_after_are_shown_side_by_side_and_one_at_a_time(krita: Krita) -> None:
    krita.click("preview", 0.3, 0.5)
    until(lambda: krita.ask("widget('preview').hasFocus()"))
    shown = "widget('preview').view"
    krita.screen.do("key", "v")
    until(lambda: krita.ask(shown) == "side by side")
    half = "widget('preview').width() * widget('preview').height() / 1.9"
    krita.run("room = lambda: docker()._controller._tasks.room")
    until(lambda: krita.ask(f"room()[0] * room()[1] < {half}"))
    krita.run("app.action('retouchml_view').trigger()")
    until(lambda: krita.ask(shown) == "one")
    krita.click("preview", 0.5, 0.5)
    krita.screen.do("key", "space")
    until(lambda: not krita.ask("widget('preview')._shows_after"))
    krita.screen.do("key", "v", "space")
    until(lambda: krita.ask(shown) == "split")


@pytest.mark.usefixtures("found")
def test_at_100_percent_the_picture_s_own_pixels_are_shown_and_dragged(krita: Krita) -> None:
    krita.click("pixels")
    until(lambda: krita.ask("docker()._view.preview.scale") == 1.0)
    krita.wait_for_task()
    area = "widget('preview')._pictures.area(widget('preview')._rooms()[0])"
    size = "docker()._view.preview.before"
    assert krita.ask(f"{area}.width() == {size}.width and {area}.height() == {size}.height")
    seen = "docker()._view.preview.before.pixels.hex()"
    before = krita.ask(seen)
    x, y = krita.ask("place_of('preview', 0.9, 0.5)")
    krita.screen.do("mousemove", x, y, "mousedown", 1, "mousemove", x - 30, y)
    krita.screen.do("mouseup", 1)
    until(lambda: krita.ask(seen) != before)
    krita.screen.do("mousemove", x - 60, y)
    krita.wait_for_task()
    moved = krita.ask(seen)
    krita.click("fit")
    until(lambda: krita.ask("docker()._view.preview.is_whole"))
    assert moved != before
    assert krita.ask("widget('preview')._split") == 0.5  # the line stayed where it was


@pytest.mark.usefixtures("found")
def test_the_keys_zoom_the_preview_and_move_its_line(krita: Krita) -> None:
    size = "[docker()._view.preview.before.width, docker()._view.preview.before.height]"
    first = krita.ask(size)
    krita.click("preview", 0.3, 0.5)
    split = "widget('preview')._split"
    until(lambda: krita.ask(split) < 0.4)
    krita.screen.do("key", "plus", "plus")
    until(lambda: krita.ask(size) < first)
    krita.wait_for_task()
    krita.screen.do("key", "0")
    until(lambda: krita.ask(size) == first)
    krita.screen.do("key", "Home")
    until(lambda: krita.ask(split) == 0.0)
    krita.screen.do("key", "space")
    until(lambda: krita.ask(split) == 1.0)
    krita.screen.do("key", "space")
    until(lambda: krita.ask(split) == 0.0)
