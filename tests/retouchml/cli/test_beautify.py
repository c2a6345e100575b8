"""One picture: what is written, what is reported, what is left alone."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from retouchml import own_parts, paths, settings
from retouchml.cli.context import Context
from retouchml.errors import NoFaceError
from retouchml.look import Look
from retouchml.results import FaceQuality, Trust
from retouchml.system.file_names import SETTINGS
from tests import stand_in_backend
from tests.retouchml.running import Run, files, load, save


def turned(pixels: Any, *faces: int) -> Any:
    """What the stand-in makes of ``pixels`` when it retouches ``faces``."""
    photo = stand_in_backend.Backend().open(pixels)
    return photo.apply(photo.render({index: Look() for index in faces}))


def test_all_faces_are_retouched_and_nothing_else_is_written(run: Run, portrait: Path) -> None:
    out = portrait.with_name("out.png")
    ran = run("beautify", portrait, "-o", out)
    assert (ran.code, ran.err) == (0, "")
    assert np.array_equal(load(out), turned(load(portrait), 0, 1))
    assert files(portrait.parent) == ["out.png", "portrait.png"]


def test_the_defaults_reach_the_backend(run: Run, portrait: Path) -> None:
    backend = stand_in_backend.Backend()
    run("beautify", portrait, "-o", portrait.with_name("out.png"), backend=backend)
    looks = backend.looks[0]
    assert {face: (look.strength, look.texture, dict(look.edits)) for face, look in looks.items()} == {
        0: (0.5, 0.85, {}),
        1: (0.5, 0.85, {}),
    }


def test_the_options_reach_the_backend(run: Run, portrait: Path) -> None:
    backend = stand_in_backend.Backend()
    options = ["--strength", "0.25", "--texture", "1", "--edit", "smile=0.5", "--edit", "age=-0.5"]
    run("beautify", portrait, "-o", portrait.with_name("out.png"), *options, backend=backend)
    look = backend.looks[0][0]
    assert (look.strength, look.texture, dict(look.edits)) == (0.25, 1.0, {"smile": 0.5, "age": -0.5})


@pytest.mark.parametrize(
    ("faces", "retouched"), [("all", [0, 1]), ("largest", [1]), ("0", [0]), ("1,0", [0, 1]), ("1,1", [1])]
)
def test_faces_chooses_who_is_retouched(faces: str, retouched: list[int], run: Run, portrait: Path) -> None:
    out = portrait.with_name("out.png")
    assert run("beautify", portrait, "-o", out, "--faces", faces).code == 0
    assert np.array_equal(load(out), turned(load(portrait), *retouched))


def test_a_face_that_is_not_there_is_an_error_that_says_how_many_are(run: Run, portrait: Path) -> None:
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"), "--faces", "0,2")
    assert ran.code == 2
    assert "no face number 2" in ran.err
    assert "2 faces, 0 to 1" in ran.err
    assert files(portrait.parent) == ["portrait.png"]


QUALITY = {
    **dict.fromkeys(("yaw", "pitch", "cut", "eye_distance", "sharpness", "covered", "uncertainty"), 0.0),
    "trust": {"shape": 1.0, "skin": 1.0, "eyes": 1.0, "mouth": 1.0, "path": 1.0},
    "notes": [],
}


def test_the_report_has_the_shape_of_the_design(run: Run, portrait: Path) -> None:
    report = portrait.with_name("report.json")
    options = ["--json", report, "--device", "cuda:1", "--model", "other"]
    assert run("beautify", portrait, "-o", portrait.with_name("out.png"), *options).code == 0
    said = json.loads(report.read_text())
    seconds = said.pop("seconds")
    assert said == {
        "image": str(portrait),
        "model": "other",
        "device": "cuda:1",
        "faces": [
            {
                "face": 0,
                "box": [2, 3, 4, 4],
                "score_before": 3.0,
                "score_after": 3.25,
                "score_uncertainty": 0.25,
                "identity_distance": 0.125,
                "patch": [2, 3, 4, 4],
                "preset": "natural",
                "look": Look().values,
                "render": "photo",
                "score_outside": [],
                "quality": QUALITY,
            },
            {
                "face": 1,
                "box": [12, 3, 5, 5],
                "score_before": 3.0,
                "score_after": None,  # the stand-in's answer is not finite, and JSON knows no NaN
                "score_uncertainty": 0.25,
                "identity_distance": 0.125,
                "patch": [12, 3, 5, 5],
                "preset": "natural",
                "look": Look().values,
                "render": "photo",
                "score_outside": [],
                "quality": QUALITY,
            },
        ],
        "notes": [],
    }
    assert (seconds["detect"], seconds["invert"]) == (0.25, 1.5)
    assert seconds["total"] >= 0


def test_the_report_alone_is_on_stdout_when_asked(run: Run, portrait: Path) -> None:
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"), "--json", "-")
    assert json.loads(ran.out)["image"] == str(portrait)
    assert ran.err == ""


def test_without_a_report_one_line_says_what_was_done_unless_quiet(run: Run, portrait: Path) -> None:
    out = portrait.with_name("out.png")
    assert run("beautify", portrait, "-o", out).out == f"{out}: 2 faces retouched.\n"
    scored = run("beautify", portrait, "-o", out, "--force", "--scores").out
    assert scored == f"{out}: 2 faces retouched, score 3.00 to 3.25 ± 0.25.\n"
    assert run("beautify", portrait, "-o", out, "--force", "--quiet").out == ""


def test_a_line_says_what_is_held_back_on_which_face(
    run: Run, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poor(*given: Any, **options: Any) -> stand_in_backend.Photo:
        photo = found(*given, **options)
        quality = FaceQuality(yaw=41.0, trust=Trust(shape=0.25), notes=("turned away: shape is held back",))
        photo.faces = (photo.faces[0], replace(photo.faces[1], quality=quality))
        return photo

    found = stand_in_backend.Backend.open
    monkeypatch.setattr(stand_in_backend.Backend, "open", poor)
    out = portrait.with_name("out.png")
    held = f"{out}: face 1 turned away: shape is held back."
    assert run("beautify", portrait, "-o", out).out.splitlines()[1:] == [held]
    assert run("faces", portrait).out.splitlines() == [
        "0: 4 x 4 pixels at (2, 3)",
        "1: 5 x 5 pixels at (12, 3); turned away: shape is held back",
    ]
    said = json.loads(run("beautify", portrait, "-o", out, "--force", "--json", "-").out)
    assert [face["quality"]["yaw"] for face in said["faces"]] == [0.0, 41.0]
    assert said["faces"][1]["quality"]["trust"]["shape"] == 0.25
    assert said["faces"][1]["quality"]["notes"] == ["turned away: shape is held back"]


def test_the_line_of_a_picture_that_stays_as_it_is_says_so(run: Run, portrait: Path) -> None:
    out = portrait.with_name("out.png")
    assert run("beautify", portrait, "-o", out, "--strength", "0").out == f"{out}: unchanged.\n"


def test_no_face_ends_with_3_and_a_copy_to_the_byte(run: Run, landscape: Path) -> None:
    out = landscape.with_name("out.png")
    ran = run("beautify", landscape, "-o", out)
    assert ran.code == 3
    assert ran.err == f"retouchml: No face was found in {landscape}; it is written unchanged.\n"
    assert out.read_bytes() == landscape.read_bytes()


def test_a_backend_that_raises_for_no_face_makes_no_difference(run: Run, landscape: Path) -> None:
    class Strict(stand_in_backend.Backend):
        def open(self, pixels: Any, **_options: Any) -> stand_in_backend.Photo:
            raise NoFaceError("No face was found.")

    out = landscape.with_name("out.png")
    assert run("beautify", landscape, "-o", out, backend=Strict()).code == 3
    assert out.read_bytes() == landscape.read_bytes()


def test_no_face_in_another_format_keeps_the_pixels(run: Run, landscape: Path) -> None:
    out = landscape.with_name("out.tif")
    assert run("beautify", landscape, "-o", out, "--faces", "3").code == 3
    assert np.array_equal(load(out), load(landscape))


def test_no_face_still_gives_everything_that_was_asked_for(run: Run, landscape: Path) -> None:
    folder = landscape.parent
    more = [
        "--layer",
        folder / "layer.png",
        "--compare",
        folder / "both.png",
        "--json",
        folder / "report.json",
    ]
    assert run("beautify", landscape, "-o", folder / "out.png", *more).code == 3
    assert not load(folder / "layer.png").any()
    assert load(folder / "both.png").shape == (24, 82, 3)
    assert json.loads((folder / "report.json").read_text())["faces"] == []


def test_strength_0_without_edits_is_a_copy_to_the_byte_and_renders_nothing(run: Run, folder: Path) -> None:
    portrait = folder / "portrait.jpg"
    Image.fromarray(np.full((24, 40, 3), 1, np.uint8)).save(portrait, quality=100)
    backend = stand_in_backend.Backend()
    out, report = folder / "out.jpeg", folder / "report.json"
    ran = run("beautify", portrait, "-o", out, "--strength", "0", "--json", report, backend=backend)
    assert (ran.code, backend.looks) == (0, [])
    assert out.read_bytes() == portrait.read_bytes()
    (face,) = json.loads(report.read_text())["faces"]
    assert (face["score_before"], face["score_after"], face["identity_distance"]) == (3.0, 3.0, 0.0)
    assert face["patch"] == [0, 0, 0, 0]


def test_a_picture_that_the_backend_leaves_alone_is_copied_to_the_byte(run: Run, portrait: Path) -> None:
    class Reluctant(stand_in_backend.Photo):
        def render(self, looks: Any, **_options: Any) -> list[stand_in_backend.Patch]:
            return []

    class ReluctantBackend(stand_in_backend.Backend):
        def open(self, pixels: Any, **_options: Any) -> stand_in_backend.Photo:
            photo = super().open(pixels)
            return Reluctant(photo.pixels, photo.faces, photo.looks)

    out, report = portrait.with_name("out.png"), portrait.with_name("report.json")
    assert run("beautify", portrait, "-o", out, "--json", report, backend=ReluctantBackend()).code == 0
    assert out.read_bytes() == portrait.read_bytes()
    assert [face["patch"] for face in json.loads(report.read_text())["faces"]] == [[0, 0, 0, 0]] * 2


def test_a_face_that_the_backend_leaves_alone_is_reported_untouched(run: Run, portrait: Path) -> None:
    class Choosy(stand_in_backend.Photo):
        def render(self, looks: Any, **_options: Any) -> list[stand_in_backend.Patch]:
            return super().render({1: looks[1]})

    class ChoosyBackend(stand_in_backend.Backend):
        def open(self, pixels: Any, **_options: Any) -> stand_in_backend.Photo:
            photo = super().open(pixels)
            return Choosy(photo.pixels, photo.faces, photo.looks)

    out = portrait.with_name("out.png")
    ran = run("beautify", portrait, "-o", out, "--json", "-", backend=ChoosyBackend())
    assert [face["patch"] for face in json.loads(ran.out)["faces"]] == [[0, 0, 0, 0], [12, 3, 5, 5]]
    ran = run("beautify", portrait, "-o", out, "--force", backend=ChoosyBackend())
    assert ran.out == f"{out}: 1 face retouched.\n"


def test_strength_0_with_an_edit_is_rendered(run: Run, portrait: Path) -> None:
    out = portrait.with_name("out.png")
    assert run("beautify", portrait, "-o", out, "--strength", "0", "--edit", "smile=0.5").code == 0
    assert np.array_equal(load(out), turned(load(portrait), 0, 1))


def test_16_bits_stay_16_bits(run: Run, folder: Path) -> None:
    pixels = stand_in_backend.picture(1, dtype="uint16") * 257
    pixels[0, 0, 0] = 1
    portrait = save(folder / "portrait.tif", pixels)
    assert run("beautify", portrait, "-o", folder / "out.tif").code == 0
    result = load(folder / "out.tif")
    assert result.dtype == np.uint16
    assert np.array_equal(result, turned(pixels, 0))


def test_compare_shows_before_and_after_left_and_right_of_a_thin_white_gap(run: Run, portrait: Path) -> None:
    out, both = portrait.with_name("out.png"), portrait.with_name("both.png")
    assert run("beautify", portrait, "-o", out, "--compare", both).code == 0
    seen = load(both)
    assert seen.shape == (24, 40 + 2 + 40, 3)
    assert np.array_equal(seen[:, :40], load(portrait))
    assert (seen[:, 40:42] == 255).all()
    assert np.array_equal(seen[:, 42:], load(out))


@pytest.mark.parametrize("suffix", [".png", ".tif", ".TIFF"])
def test_the_layer_is_the_whole_canvas_and_transparent_but_for_the_patches(
    suffix: str, run: Run, portrait: Path
) -> None:
    layer = portrait.with_name("layer" + suffix)
    assert run("beautify", portrait, "-o", portrait.with_name("out.png"), "--layer", layer).code == 0
    seen = load(layer) if suffix == ".png" else load(layer.rename(layer.with_suffix(".tiff")))
    expected = np.zeros((24, 40, 4), np.uint8)
    expected[3:7, 2:6] = 255
    expected[3:8, 12:17] = 255
    assert np.array_equal(seen, expected)


def test_a_grey_picture_gets_a_coloured_layer(run: Run, folder: Path) -> None:
    portrait = save(folder / "grey.png", stand_in_backend.picture(1, channels=1)[..., 0])
    assert run("beautify", portrait, "-o", folder / "out.png", "--layer", folder / "layer.png").code == 0
    assert load(folder / "out.png").shape == (24, 40)
    assert load(folder / "layer.png").shape == (24, 40, 4)


def test_what_the_result_cannot_hold_is_said(run: Run, folder: Path) -> None:
    pixels = stand_in_backend.picture(1, dtype="uint16")
    portrait = save(folder / "portrait.tif", pixels)
    ran = run("beautify", portrait, "-o", folder / "out.jpg")
    assert ran.code == 0
    assert ran.err.startswith("retouchml: JPEG")
    assert run("beautify", portrait, "-o", folder / "out.jpg", "--force", "--quiet").err == ""


@pytest.mark.parametrize("name", ["out.xyz", "out", "out.gif"])
def test_a_result_in_a_format_that_is_not_written_fails_before_the_backend_is_loaded(
    name: str, run: Run, portrait: Path
) -> None:
    class Unwanted(stand_in_backend.Backend):
        def open(self, *_arguments: Any, **_options: Any) -> stand_in_backend.Photo:
            raise AssertionError("the slow work has begun")

    ran = run("beautify", portrait, "-o", portrait.with_name(name), backend=Unwanted())
    assert ran.code == 1
    assert name in ran.err
    assert files(portrait.parent) == ["portrait.png"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("missing.png", None),
        ("empty.png", b""),
        ("text.png", b"no picture"),
        ("cut.png", b"\x89PNG\r\n\x1a\n"),
    ],
)
def test_a_bad_picture_ends_with_1_and_one_sentence_that_names_it(
    name: str, content: bytes | None, run: Run, folder: Path
) -> None:
    if content is not None:
        (folder / name).write_bytes(content)
    before = files(folder)
    ran = run("beautify", folder / name, "-o", folder / "out.png")
    assert ran.code == 1
    assert ran.err.startswith("retouchml: ")
    assert ran.err.count("\n") == 1
    assert str(folder / name) in ran.err
    assert files(folder) == before


def test_a_folder_is_no_picture(run: Run, folder: Path) -> None:
    ran = run("beautify", folder, "-o", folder / "out.png")
    assert ran.code == 1
    assert "folder" in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_a_report_on_a_name_in_no_known_encoding_is_valid_json(run: Run, folder: Path) -> None:
    portrait = save(folder / "portrait.png", stand_in_backend.picture(1)).rename(folder / "a\udcff\n.png")
    ran = run("beautify", portrait, "-o", folder / "out.png", "--json", "-")
    assert ran.code == 0
    assert json.loads(ran.out)["image"] == str(portrait)


def looks_by(run: Run, portrait: Path, *options: str) -> dict[int, Look]:
    """The looks that reach the backend."""
    backend = stand_in_backend.Backend()
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"), *options, backend=backend)
    assert ran.code == 0, ran.err
    return dict(backend.looks[0])


def test_a_face_may_have_a_look_of_its_own_and_the_others_have_the_common_one(
    run: Run, portrait: Path
) -> None:
    options = ["--strength", "0.4", "--edit", "smile=0.1", "--face", "1:strength=0.8,age=-0.2"]
    assert looks_by(run, portrait, *options) == {
        0: Look(0.4, edits={"smile": 0.1}),
        1: Look(0.8, edits={"smile": 0.1, "age": -0.2}),
    }


def test_a_face_that_names_a_preset_starts_from_that(run: Run, portrait: Path) -> None:
    options = ["--strength", "0.4", "--edit", "smile=0.1", "--face", "0:preset=strong", "--face", "0:age=0.3"]
    assert looks_by(run, portrait, *options) == {
        0: Look(1.0, edits={"age": 0.3}),
        1: Look(0.4, edits={"smile": 0.1}),
    }


def test_the_report_says_the_preset_and_the_values_of_each_face(run: Run, portrait: Path) -> None:
    options = ["--edit", "smile=0.1", "--face", "1:preset=strong,texture=0.2", "--json", "-"]
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"), *options)
    first, second = json.loads(ran.out)["faces"]
    assert (first["preset"], second["preset"]) == ("natural", "strong")
    assert first["look"] == Look(edits={"smile": 0.1}).values
    assert second["look"] == Look(1.0, 0.2).values


def test_a_face_that_is_left_alone_by_its_own_look_is_reported_with_it(run: Run, portrait: Path) -> None:
    options = ["--face", "1:strength=0", "--json", "-"]
    out = portrait.with_name("out.png")
    ran = run("beautify", portrait, "-o", out, *options)
    assert [face["look"]["strength"] for face in json.loads(ran.out)["faces"]] == [0.5, 0.0]
    assert np.array_equal(load(out), turned(load(portrait), 0))


def test_faces_that_are_all_left_alone_by_their_own_looks_are_a_copy(run: Run, portrait: Path) -> None:
    out = portrait.with_name("out.png")
    backend = stand_in_backend.Backend()
    options = ["--face", "0:strength=0", "--face", "1:strength=0"]
    assert run("beautify", portrait, "-o", out, *options, backend=backend).code == 0
    assert (backend.looks, out.read_bytes()) == ([], portrait.read_bytes())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--face", "2:smile=0.1"], "There is no face number 2: the picture has 2 faces"),
        (["--face", "1:smile=0.1", "--faces", "0"], "Face 1 has a look of its own"),
        (["--face", "0:smile=0.1", "--faces", "largest"], "Face 0 has a look of its own"),
        (["--face", "0:nose=0.1"], "There is no slider called nose"),
        (["--face", "0:preset=loud"], "There is no preset called loud"),
        (["--face", "smile=0.1"], "is not N:NAME=VALUE"),
    ],
)
def test_a_look_for_a_face_that_cannot_be_is_refused(
    options: list[str], sentence: str, run: Run, portrait: Path
) -> None:
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"), *options)
    assert ran.code == 2
    assert sentence in ran.err
    assert files(portrait.parent) == ["portrait.png"]


@pytest.mark.parametrize("command", ["beautify", "faces"])
def test_the_precision_reaches_the_models_in_this_process(
    command: str, home: Path, run: Run, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, bool]] = []

    def backend(
        _context: Context,
        model: str,
        device: str,
        *,
        engine: str = "torch",
        precision: str = "auto",
        use_daemon: bool = False,
        remote: str = "",
    ) -> stand_in_backend.Backend:
        assert not remote
        asked.append((precision, use_daemon))
        return stand_in_backend.Backend(model, device)

    monkeypatch.setattr(Context, "backend", backend)
    words = [command, portrait] if command == "faces" else [command, portrait, "-o", "out.png", "--force"]
    monkeypatch.chdir(portrait.parent)
    run(*words)
    run(*words, "--precision", "bfloat16")
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text('precision = "float32"\n')
    run(*words)
    # the daemon reads config.toml itself, but does not know this command's option
    assert asked == [("auto", True), ("bfloat16", False), ("float32", True)]
    assert run(*words, "--precision", "half").code == 2


def train_scorer(name: str) -> None:
    """A file of the user's own, as far as the command line looks at it."""
    path = own_parts.place(own_parts.SCORERS, "w", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    head = json.dumps({"__metadata__": {"kind": own_parts.SCORERS, "version": "1"}}).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head)


def test_a_scorer_of_ones_own_reaches_the_backend(run: Run, portrait: Path) -> None:
    train_scorer("mine")
    backend, out = stand_in_backend.Backend(), portrait.with_name("out.png")
    for options in ([], ["--scorer", "mine"], ["--scorer", "standard"]):
        assert run("beautify", portrait, "-o", out, "--force", *options, backend=backend).code == 0
    settings.store(paths.config_dir() / SETTINGS, "scorer", "mine")
    run("beautify", portrait, "-o", out, "--force", backend=backend)
    assert backend.scorers == ["", "mine", "standard", "mine"]


def test_an_unknown_scorer_is_refused_before_anything_is_loaded(run: Run, portrait: Path) -> None:
    train_scorer("mine")
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"), "--scorer", "mina")
    assert ran.code == 2
    assert "There is no scorer called mina. Did you mean mine?" in ran.err
