"""Several pictures in one command."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retouchml.errors import DeviceError
from tests import stand_in_backend
from tests.retouchml.running import Run, load, results, save


@pytest.fixture
def broken(folder: Path) -> Path:
    picture = folder / "broken.png"
    picture.write_bytes(b"no picture")
    return picture


def test_results_go_to_a_folder_that_is_made_under_the_names_of_the_inputs(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    first = save(folder / "first.png", stand_in_backend.picture(1))
    second = save(folder / "second.tif", stand_in_backend.picture(2))
    out = tmp_path / "a" / "b"
    ran = run("beautify", first, second, "-o", out)
    assert (ran.code, ran.err) == (0, "")
    assert results(out) == ["first.png", "second.tif"]
    assert not np.array_equal(load(out / "second.tif"), load(second))
    assert ran.out.splitlines()[:-1] == [
        f"{out / 'first.png'}: 1 face retouched.",
        f"{out / 'second.tif'}: 2 faces retouched.",
    ]


def test_the_work_goes_on_past_a_bad_file_and_the_worst_code_wins(
    run: Run, landscape: Path, broken: Path, portrait: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ran = run("beautify", landscape, broken, portrait, "-o", out)
    assert ran.code == 1
    assert results(out) == ["landscape.png", "portrait.png"]
    assert ran.err.count("\n") == 2
    assert str(broken) in ran.err


def test_no_face_is_worse_than_done(run: Run, portrait: Path, landscape: Path, tmp_path: Path) -> None:
    assert run("beautify", landscape, portrait, "-o", tmp_path / "out").code == 3
    assert (tmp_path / "out" / "landscape.png").read_bytes() == landscape.read_bytes()


def test_the_report_is_a_list_with_an_entry_for_every_input(
    run: Run, broken: Path, landscape: Path, portrait: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    run("beautify", broken, landscape, portrait, "-o", tmp_path / "out", "--json", report)
    bad, empty, good = json.loads(report.read_text())
    assert (bad["image"], bad["error"]["code"]) == (str(broken), "picture_unreadable")
    assert bad["error"]["message"].count(str(broken)) == 1
    assert (empty["image"], empty["faces"]) == (str(landscape), [])
    assert (good["image"], len(good["faces"])) == (str(portrait), 2)


def test_the_report_may_lie_in_the_folder_that_is_made(run: Run, portrait: Path, landscape: Path) -> None:
    out = portrait.parent / "out"
    assert run("beautify", portrait, landscape, "-o", out, "--json", out / "report.json").code == 3
    assert results(out) == ["landscape.png", "portrait.png", "report.json"]


def test_the_report_on_stdout_is_one_list(run: Run, portrait: Path, landscape: Path, tmp_path: Path) -> None:
    ran = run("beautify", portrait, landscape, "-o", tmp_path / "out", "--json", "-")
    assert [entry["image"] for entry in json.loads(ran.out)] == [str(portrait), str(landscape)]


def test_compare_and_layer_are_folders_too_and_a_jpegs_layer_is_a_png(
    run: Run, portrait: Path, folder: Path, tmp_path: Path
) -> None:
    photo = save(folder / "photo.jpg", np.full((24, 40, 3), 1, np.uint8))
    more = ["--compare", tmp_path / "both", "--layer", tmp_path / "layers"]
    assert run("beautify", portrait, photo, "-o", tmp_path / "out", *more).code == 0
    assert results(tmp_path / "both") == ["photo.jpg", "portrait.png"]
    assert results(tmp_path / "layers") == ["photo.png", "portrait.png"]


def test_an_existing_result_costs_its_picture_alone(
    run: Run, portrait: Path, landscape: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "landscape.png").write_text("precious")
    ran = run("beautify", landscape, portrait, "-o", out)
    assert ran.code == 1
    assert f"{out / 'landscape.png'} exists already. Add `--existing skip`" in ran.err
    assert results(out) == ["landscape.png", "portrait.png"]
    assert (out / "landscape.png").read_text() == "precious"


def test_a_file_in_place_of_the_folder_is_an_error(run: Run, portrait: Path, landscape: Path) -> None:
    out = portrait.with_name("out")
    out.write_text("precious")
    ran = run("beautify", portrait, landscape, "-o", out, "--force")
    assert ran.code == 2
    assert f"{out} is a file. Name a folder with -o." in ran.err
    assert out.read_text() == "precious"


def test_a_face_that_one_picture_lacks_is_that_pictures_failure_alone(
    run: Run, portrait: Path, folder: Path, tmp_path: Path
) -> None:
    single = save(folder / "single.png", stand_in_backend.picture(1))
    ran = run("beautify", single, portrait, "-o", tmp_path / "out", "--faces", "1")
    assert ran.code == 1
    assert f"{single}: There is no face number 1: the picture has 1 face, number 0." in ran.err
    assert results(tmp_path / "out") == ["portrait.png"]


def test_the_backend_is_made_once_and_only_if_a_picture_could_be_read(
    portrait: Path, landscape: Path, broken: Path, tmp_path: Path
) -> None:
    from retouchml.cli.main import main

    made = []

    def make(model: str, device: str) -> stand_in_backend.Backend:
        made.append((model, device))
        return stand_in_backend.Backend(model, device)

    main(["beautify", str(broken), str(tmp_path / "lost.png"), "-o", str(tmp_path / "a")], make_backend=make)
    assert made == []
    main(["beautify", *map(str, (broken, portrait, landscape)), "-o", str(tmp_path / "b")], make_backend=make)
    assert made == [("ffhq-mobile", "auto")]


def test_a_backend_that_cannot_be_made_ends_the_whole_batch(
    portrait: Path, landscape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from retouchml.cli.main import main

    def make(model: str, device: str) -> Any:
        raise DeviceError("There is no such GPU.", "Use --device cpu.")

    code = main(["beautify", str(portrait), str(landscape), "-o", str(tmp_path / "out")], make_backend=make)
    assert code == 1
    assert capsys.readouterr().err == "retouchml: There is no such GPU. Use --device cpu.\n"
    assert not (tmp_path / "out").exists()
