"""``retouchml faces``."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from retouchml import paths, settings
from retouchml.cli.main import main
from retouchml.errors import DeviceError
from retouchml.results import FaceQuality
from retouchml.system.file_names import SETTINGS
from tests import stand_in_backend
from tests.retouchml.running import Run, save


def test_faces_are_numbered_with_their_boxes_and_no_score(run: Run, portrait: Path) -> None:
    ran = run("faces", portrait)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "0: 4 x 4 pixels at (2, 3)",
        "1: 5 x 5 pixels at (12, 3)",
    ]


def test_scores_are_shown_with_their_uncertainty_to_who_asks(run: Run, portrait: Path) -> None:
    shown = [
        "0: 4 x 4 pixels at (2, 3), score 3.00 ± 0.25",
        "1: 5 x 5 pixels at (12, 3), score 3.10 ± 0.25",
    ]
    assert run("faces", portrait, "--scores").out.splitlines() == shown
    settings.store(paths.config_dir() / SETTINGS, "scores", True)
    assert run("faces", portrait).out.splitlines() == shown
    assert "score" not in run("faces", portrait, "--no-scores").out


def test_a_score_of_a_face_that_the_rater_does_not_know_says_so(
    run: Run, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_unknown(*given: Any, **options: Any) -> stand_in_backend.Photo:
        photo = found(*given, **options)
        quality = FaceQuality(outside=("laughing", "turned"))
        photo.faces = (replace(photo.faces[0], quality=quality, score_uncertainty=None),)
        return photo

    found = stand_in_backend.Backend.open
    monkeypatch.setattr(stand_in_backend.Backend, "open", open_unknown)
    assert run("faces", portrait, "--scores").out == (
        "0: 4 x 4 pixels at (2, 3), score 3.00 (the rater knows no such faces: laughing, turned away)\n"
    )
    (face,) = json.loads(run("faces", portrait, "--json").out)["faces"]
    assert (face["score"], face["score_uncertainty"]) == (3.0, None)
    assert face["score_outside"] == ["laughing", "turned"]


def test_the_json_of_faces_has_the_shape_of_the_design(run: Run, portrait: Path) -> None:
    ran = run("faces", portrait, "--json")
    said = json.loads(ran.out)
    assert (said["image"], said["width"], said["height"]) == (str(portrait), 40, 24)
    assert [(face["box"], face["score"], face["score_uncertainty"]) for face in said["faces"]] == [
        ([2, 3, 4, 4], 3.0, 0.25),
        ([12, 3, 5, 5], 3.1, 0.25),
    ]
    assert [face["score_outside"] for face in said["faces"]] == [[], []]
    landmarks = said["faces"][0]["landmarks"]
    assert (len(landmarks), landmarks[0], landmarks[-1]) == (68, [0.0, 0.01], [0.99, 1.0])


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_no_face_ends_with_3(option: list[str], run: Run, landscape: Path) -> None:
    ran = run("faces", landscape, *option)
    assert ran.code == 3
    assert ran.err == f"retouchml: No face was found in {landscape}.\n"
    assert ran.out == "" if not option else json.loads(ran.out)["faces"] == []


def test_several_pictures_are_listed_one_after_the_other(
    run: Run, portrait: Path, landscape: Path, folder: Path
) -> None:
    single = save(folder / "single.png", stand_in_backend.picture(1))
    ran = run("faces", portrait, landscape, single)
    assert ran.out.splitlines() == [
        f"{portrait}: 0: 4 x 4 pixels at (2, 3)",
        f"{portrait}: 1: 5 x 5 pixels at (12, 3)",
        f"{single}: 0: 4 x 4 pixels at (2, 3)",
    ]
    assert (ran.code, ran.err) == (3, f"retouchml: No face was found in {landscape}.\n")


def test_the_json_of_several_pictures_is_a_list_also_of_those_that_cannot_be_read(
    run: Run, portrait: Path, landscape: Path, folder: Path
) -> None:
    missing = folder / "missing.png"
    ran = run("faces", portrait, missing, landscape, "--json")
    good, bad, empty = json.loads(ran.out)
    assert (good["image"], len(good["faces"])) == (str(portrait), 2)
    assert (bad["image"], bad["error"]["code"]) == (str(missing), "picture_unreadable")
    assert (empty["image"], empty["faces"]) == (str(landscape), [])
    assert ran.code == 1
    assert ran.err.count("\n") == 2


def test_models_that_do_not_load_are_complained_of_once(
    portrait: Path, landscape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(model: str, device: str) -> stand_in_backend.Backend:
        raise DeviceError("The GPU is full.")

    assert main(["faces", str(portrait), str(landscape)], make_backend=fail) == 1
    assert capsys.readouterr().err == "retouchml: The GPU is full.\n"


def test_stopped_among_several_it_says_how_far_it_came(run: Run, portrait: Path, landscape: Path) -> None:
    class Impatient(stand_in_backend.Backend):
        def open(self, pixels: Any, **options: Any) -> stand_in_backend.Photo:
            if int(pixels.flat[0]) == 2:
                raise KeyboardInterrupt
            return super().open(pixels, **options)

    ran = run("faces", landscape, portrait, backend=Impatient())
    assert ran.code == 130
    assert ran.err == (
        f"retouchml: Stopped: 1 of 2 pictures is done. To go on, give the pictures from {portrait} on.\n"
    )


def test_a_folder_in_place_of_a_picture_is_named_first(run: Run, folder: Path) -> None:
    ran = run("faces", folder)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"retouchml: {folder} is a folder. Give the pictures in it: {folder / '*.jpg'}.\n"


def test_a_backend_that_raises_for_no_face_makes_no_difference(run: Run, landscape: Path) -> None:
    from retouchml.errors import NoFaceError

    class Strict(stand_in_backend.Backend):
        def open(self, pixels: Any, **_options: Any) -> stand_in_backend.Photo:
            raise NoFaceError("There is nobody.")

    ran = run("faces", landscape, "--json", backend=Strict())
    assert ran.code == 3
    assert json.loads(ran.out)["faces"] == []


@pytest.mark.parametrize("command", ["faces", "beautify"])
def test_the_colour_profile_goes_along_to_the_search(command: str, run: Run, portrait: Path) -> None:
    profiles: list[bytes] = []

    class Asked(stand_in_backend.Backend):
        def open(self, pixels: Any, **options: Any) -> stand_in_backend.Photo:
            profiles.append(options["icc"])
            return super().open(pixels, **options)

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with Image.open(portrait) as image:
        image.save(portrait, icc_profile=profile)
    output = ["-o", portrait.with_name("out.png")] if command == "beautify" else []
    assert run(command, portrait, *output, backend=Asked()).code == 0
    assert profiles == [profile]


@pytest.mark.parametrize("command", ["faces", "beautify"])
def test_a_place_goes_along_to_the_search_and_is_for_one_picture(
    command: str, run: Run, portrait: Path, landscape: Path
) -> None:
    output = ["-o", portrait.with_name("out.png")] if command == "beautify" else []
    ran = run(command, portrait, *output, "--json", *(["-"] if output else []), "--face-at", "4,5,8,9")
    assert ran.code == 0
    assert json.loads(ran.out)["faces"][-1]["box"] == [4, 5, 8, 9]
    for text in ("4,5,8", "a,b,c,d", "1,2,3,4,5"):
        assert run(command, portrait, *output, "--face-at", text).code == 2
    folder = ["-o", portrait.parent / "folder"] if output else []
    several = run(command, portrait, landscape, *folder, "--face-at", "4,5,8,9")
    assert (several.code, "is for one picture" in several.err) == (2, True)
