"""What becomes of results in real Krita: one takes another's place, is edited again, obeys the selection.

With the stand-in backend, which finds two faces in any picture: everything here is the plug-in's own.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.editors.krita import pictures
from tests.editors.krita.running import Krita, until
from tests.stand_in_backend import FACE_PAIR

SOURCE, RESULT = "Background", "Background (retouched)"
WIDTH, HEIGHT = 320, 160
LEFT, RIGHT = np.s_[60:100, 60:100], np.s_[60:100, 220:260]  # where the stand-in finds faces


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 100, (HEIGHT, WIDTH, 3)).astype(np.uint8)


@pytest.fixture
def canvas(krita: Krita, picture: NDArray[np.uint8], tmp_path: Path) -> NDArray[Any]:
    """The picture, open in Krita."""
    pixels = pictures.as_krita(picture, "U8")
    pictures.put(krita, pixels, tmp_path)
    until(lambda: krita.view()["layer"] == SOURCE)
    return pixels


def beautify(krita: Krita) -> dict[str, Any]:
    """Press the button and wait; what the docker shows."""
    krita.run("docker()._controller._notice = None; docker()._controller.update()")
    until(lambda: krita.view()["notice"] is None)
    krita.click("beautify")
    until(lambda: krita.view()["task"] == "beautify" or krita.view()["notice"])
    return krita.wait_for_task()


def change(krita: Krita, **values: float) -> None:
    """Set sliders."""
    krita.run(f"docker()._change(look=docker()._controller.settings.look.with_values({values!r}))")


def activate(krita: Krita, place: int) -> None:
    """Make the layer at this place, from below, the active one."""
    krita.run(f"doc.setActiveNode(doc.topLevelNodes()[{place}]); doc.waitForDone()")
    until(lambda: krita.ask(f"doc.activeNode().name() == doc.topLevelNodes()[{place}].name()"))


def seen(krita: Krita, folder: Path) -> NDArray[Any]:
    return pictures.read(krita, "doc", "U8", folder).copy()


def do(krita: Krita, action: str) -> None:
    krita.run(f"app.action({action!r}).trigger()")


def test_a_second_result_takes_the_first_one_s_place_in_one_step_of_undo(
    krita: Krita, canvas: NDArray[Any], tmp_path: Path
) -> None:
    beautify(krita)
    first = seen(krita, tmp_path)
    change(krita, strength=1.0)
    shown = beautify(krita)
    assert shown["notice"] == "Done: the result took the place of the earlier one."
    second = seen(krita, tmp_path)
    assert (second[LEFT] != first[LEFT]).any()
    assert krita.ask("layers()") == [SOURCE, RESULT]
    do(krita, "edit_undo")
    until(lambda: np.array_equal(seen(krita, tmp_path), first))
    assert krita.ask("layers()") == [SOURCE, RESULT]
    do(krita, "edit_redo")
    until(lambda: np.array_equal(seen(krita, tmp_path), second))
    assert krita.ask("layers()") == [SOURCE, RESULT]
    do(krita, "edit_undo")
    until(lambda: np.array_equal(seen(krita, tmp_path), first))
    do(krita, "edit_undo")
    until(lambda: np.array_equal(seen(krita, tmp_path), canvas))
    assert krita.ask("layers()") == [SOURCE]
    until(lambda: krita.view()["notice"] is None)


def test_the_button_stays_below_the_mouse_whatever_the_docker_says(
    krita: Krita, canvas: NDArray[Any]
) -> None:
    place = "place_of('beautify', 0.2, 0.5)"
    first = krita.ask(place)
    krita.run(
        """
places = []
original = docker()._show
docker()._controller._show = lambda view: (original(view), docker().layout().activate(), places.append("""
        + place
        + """))
"""
    )
    try:
        shown = beautify(krita)
        assert shown["notice"] is not None
        do(krita, "edit_undo")
        until(lambda: krita.view()["notice"] is None)
        krita.run("docker()._controller.report(RuntimeError('a sentence that is much longer ' * 5))")
        until(lambda: krita.view()["notice"] is not None)
    finally:
        krita.run("docker()._controller._show = original")
    until(lambda: krita.ask("len(places)") > 5)
    assert {down for _across, down in krita.ask("places")} == {first[1]}


def test_of_two_faces_the_ticked_one_is_retouched_also_where_the_layer_is_sent_again(
    krita: Krita, canvas: NDArray[Any], tmp_path: Path
) -> None:
    krita.click("find")
    until(lambda: krita.view()["faces"] is not None)
    krita.wait_for_task()
    krita.click("face_0", 0.8, 0.62)
    until(lambda: [ticked for ticked, _ in krita.view()["faces"]] == [False, True])
    beautify(krita)
    changed = (seen(krita, tmp_path) != canvas).any(-1)
    assert changed[RIGHT].any()
    assert not changed[LEFT].any()
    do(krita, "edit_undo")
    until(lambda: krita.ask("layers()") == [SOURCE])
    krita.run("base.setPixelData(bytes([0, 0, 255, 255]) * 400, 0, 0, 20, 20); doc.refreshProjection()")
    painted = seen(krita, tmp_path)
    beautify(krita)
    changed = (seen(krita, tmp_path) != painted).any(-1)
    assert changed[RIGHT].any()
    assert not changed[LEFT].any()


def test_painting_after_the_layer_was_sent_is_seen_by_the_next_beautify(
    krita: Krita, canvas: NDArray[Any], tmp_path: Path
) -> None:
    change(krita, strength=1.0)
    beautify(krita)
    do(krita, "edit_undo")
    until(lambda: krita.ask("layers()") == [SOURCE])
    krita.run("base.setPixelData(bytes([0, 0, 255, 255]) * 100, 70, 70, 10, 10); doc.refreshProjection()")
    painted = seen(krita, tmp_path)[70:80, 70:80]
    assert (painted[..., :3] == (0, 0, 255)).all()
    beautify(krita)
    patch = pictures.read(krita, "doc.topLevelNodes()[1]", "U8", tmp_path)[70:80, 70:80]
    assert (patch[..., :3] == (255, 255, 0)).all()  # what was painted, inverted


def test_a_result_goes_above_the_earlier_ones_if_these_are_to_stay(
    krita: Krita, canvas: NDArray[Any], tmp_path: Path
) -> None:
    krita.click("keep", 0.05)
    beautify(krita)
    first = seen(krita, tmp_path)
    change(krita, strength=1.0)
    assert not beautify(krita)["is_error"]
    assert krita.ask("layers()") == [SOURCE, RESULT, RESULT]
    assert (seen(krita, tmp_path)[LEFT] != first[LEFT]).any()
    assert krita.ask("doc.activeNode().uniqueId() == doc.topLevelNodes()[2].uniqueId()")


def test_done_is_said_only_where_the_canvas_shows_it(krita: Krita, canvas: NDArray[Any]) -> None:
    krita.run(f"""
cover = doc.createNode("cover", "paintlayer")
cover.setPixelData(bytes([9, 9, 9, 255]) * {WIDTH * HEIGHT}, 0, 0, {WIDTH}, {HEIGHT})
doc.rootNode().addChildNode(cover, None)
""")
    activate(krita, 0)
    until(lambda: krita.view()["layer"] == SOURCE)
    shown = beautify(krita)
    assert shown["notice"] == f"The result is the layer “{RESULT}”, but it cannot be seen."
    assert shown["is_error"]


def test_a_saved_result_is_edited_again_with_its_sliders_and_its_faces(
    krita: Krita, canvas: NDArray[Any], tmp_path: Path
) -> None:
    krita.click("find")
    until(lambda: krita.view()["faces"] is not None)
    krita.wait_for_task()
    krita.click("face_0", 0.8, 0.62)
    until(lambda: [ticked for ticked, _ in krita.view()["faces"]] == [False, True])
    change(krita, strength=0.8, smile=0.3)
    beautify(krita)
    first = seen(krita, tmp_path)
    file = str(tmp_path / "result.kra")
    krita.run(f"doc.setBatchmode(True); doc.saveAs({file!r}); doc.waitForDone()")
    krita.settle()
    krita.run("clean_up()")
    until(lambda: krita.ask("len(pictures())") == 0)
    krita.run(f"doc = app.openDocument({file!r}); app.activeWindow().addView(doc)")
    until(lambda: krita.view()["layer"] == SOURCE)
    assert (krita.view()["strength"], krita.view()["edits"]) == (0.5, {})
    activate(krita, 1)
    until(lambda: krita.ask("widget('edit_again').isVisible()"))
    krita.click("edit_again")
    until(lambda: krita.view()["faces"] is not None)
    krita.wait_for_task()
    assert (krita.view()["strength"], krita.view()["edits"]) == (0.8, {"smile": 0.3})
    assert krita.view()["faces"] == [[False, False], [True, True]]
    change(krita, strength=0.1)
    beautify(krita)
    assert krita.ask("layers()") == [SOURCE, RESULT]
    again = seen(krita, tmp_path)
    assert (again[RIGHT] != first[RIGHT]).any()
    assert np.array_equal(again[LEFT], canvas[LEFT])


def test_a_preset_s_action_beautifies_with_it(krita: Krita, canvas: NDArray[Any]) -> None:
    do(krita, "retouchml_preset_strong")
    until(lambda: krita.ask("layers()") == [SOURCE, RESULT])
    krita.wait_for_task()
    assert krita.view()["strength"] == 1.0
    change(krita, strength=0.2)
    activate(krita, 1)
    do(krita, "retouchml_edit_again")
    until(lambda: krita.view()["strength"] == 1.0)
    krita.wait_for_task()


def test_a_click_on_a_past_result_brings_its_look_back(krita: Krita, canvas: NDArray[Any]) -> None:
    change(krita, strength=0.8, smile=0.3)
    beautify(krita)
    change(krita, strength=0.2, smile=0.0)
    beautify(krita)
    until(lambda: krita.ask("len(docker()._view.history) == 2"))

    def is_back() -> bool:
        shown = krita.view()
        return bool((shown["strength"], shown["edits"]) == (0.8, {"smile": 0.3}))

    krita.click_until("past_1", is_back)
    krita.wait_for_task()


def test_a_job_waits_for_the_one_under_way_and_is_taken_out_alone(
    krita: Krita, canvas: NDArray[Any], tmp_path: Path
) -> None:
    krita.run("first = doc; original = docker()._controller._start_next_job")
    krita.run("docker()._controller._start_next_job = lambda: None")  # as if a job took its time
    try:
        krita.click("beautify")
        pictures.put(krita, canvas, tmp_path)
        until(lambda: krita.ask("docker()._controller._source.document == doc"))
        krita.click("beautify")
        until(lambda: krita.ask("len(docker()._view.jobs)") == 2)
        krita.click(f"cancel_job_{krita.ask('docker()._view.jobs[0][0]')}")
        until(lambda: krita.ask("len(docker()._view.jobs)") == 1)
    finally:
        krita.run("docker()._controller._start_next_job = original; original()")
    krita.wait_for_task()
    until(lambda: krita.ask("layers()") == [SOURCE, RESULT])
    krita.run("second = doc; doc = first")
    assert krita.ask("layers()") == [SOURCE]


def test_a_smile_stays_with_its_picture_and_the_strength_goes_on(
    krita: Krita, canvas: NDArray[Any], tmp_path: Path
) -> None:
    change(krita, strength=0.8, smile=0.3, jaw=-0.2, teeth=0.1)
    krita.run("first = doc")
    pictures.put(krita, canvas, tmp_path)
    until(lambda: krita.view()["edits"] == {"teeth": 0.1})
    assert krita.view()["strength"] == 0.8
    krita.settle()
    krita.run("doc.setModified(False); doc.close(); doc = first")
    until(lambda: krita.view()["edits"] == {"teeth": 0.1, "smile": 0.3, "jaw": -0.2})


def test_a_selection_chooses_the_face_and_the_preview_shows_what_it_leaves(
    krita: Krita, canvas: NDArray[Any], tmp_path: Path
) -> None:
    krita.run("chosen = Selection(); chosen.select(200, 60, 40, 40, 255); doc.setSelection(chosen)")
    krita.click("find")
    until(lambda: krita.view()["faces"] is not None)
    krita.wait_for_task()
    assert krita.view()["faces"] == [[False, False], [True, True]]
    after = "docker()._view.preview.after.image"
    alpha = np.frombuffer(bytes.fromhex(krita.ask(f"{after}.pixels[3::4].hex()")), np.uint8)
    alpha = alpha.reshape(krita.ask(f"{after}.height"), krita.ask(f"{after}.width"))
    half = alpha.shape[1] // 2  # the selection covers the left half of the face
    assert (alpha[:, : half - 1] == 255).all()
    assert (alpha[:, half + 1 :] == 0).all()
    krita.run("chosen.clear(); chosen.select(60, 60, 40, 40, 255); doc.setSelection(chosen)")
    until(lambda: krita.view()["faces"] == [[True, True], [False, False]])
    beautify(krita)
    changed = (seen(krita, tmp_path) != canvas).any(-1)
    assert changed[LEFT].any()
    changed[LEFT] = False
    assert not changed.any()


def test_a_selection_beside_the_faces_is_a_sentence_and_adds_no_layer(
    krita: Krita, canvas: NDArray[Any]
) -> None:
    krita.run("chosen = Selection(); chosen.select(0, 0, 20, 20, 255); doc.setSelection(chosen)")
    shown = beautify(krita)
    assert shown["notice"] == "The selection lies beside the faces, so nothing would change."
    assert shown["is_error"]
    assert RESULT not in krita.ask("layers()")


def test_the_preview_keeps_the_last_picture_until_the_next_one_is_there(
    krita: Krita, canvas: NDArray[Any]
) -> None:
    krita.click("find")
    until(lambda: krita.view()["preview"])
    krita.wait_for_task()
    krita.run("""
shown = []
original = docker()._show
docker()._controller._show = lambda view: (shown.append(view.preview and view.preview.after), original(view))
""")
    change(krita, strength=1.0)
    until(lambda: krita.ask("len({id(each) for each in shown}) > 1"))
    krita.wait_for_task()
    krita.run("docker()._controller._show = original")
    assert krita.ask("[each is None for each in shown]").count(True) == 0
