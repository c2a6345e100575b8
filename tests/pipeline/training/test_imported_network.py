"""``retouchml train --model NAME`` on a network of the user's own, from the first refusal to the retouch."""

from pathlib import Path

import cv2
import pytest
import torch

from pipeline.latent_network import load_learned, trained_part
from retouchml.cli.main import main
from stylegan2 import importing, zoo
from tests.conftest import PORTRAIT, at_home
from tests.pipeline.training.stand_ins import SmallGenerator

NETWORK = Path(__file__).parents[2] / "data" / "stylegan2" / "tf32_skip_as_rosinality.pt"
FEW = ["--samples", "20", "--jobs", "1"]


@pytest.fixture
def space(real_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The latent space of a network of noise, imported as "mine" into a home with the real models."""
    models = tmp_path / "home" / "data" / "models"
    models.mkdir(parents=True)
    for model in (real_home / "data" / "models").iterdir():
        (models / model.name).symlink_to(model)
    if not zoo.is_installed("age-gender"):
        pytest.skip("not fetched: age-gender (`retouchml models fetch age-gender` does that)")
    for library, name in ((torch, "set_num_threads"), (cv2, "setNumThreads")):
        monkeypatch.setattr(library, name, lambda count: None)  # other tests share this process
    return importing.import_network(NETWORK, "mine").space


def test_the_parts_that_are_named_as_missing_can_be_trained_and_then_serve(
    space: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    after = tmp_path / "after.png"
    beautify = ["beautify", str(PORTRAIT), "-o", str(after), "--model", "mine", "--no-daemon", "--quiet"]
    for part in ("scorer", "edits"):
        assert main(beautify) == 1
        assert f"retouchml train {part} --model mine." in capsys.readouterr().err
        assert main(["train", part, "--model", "mine", *FEW]) == 0
        printed = capsys.readouterr()
        # A network of noise shows no faces, and the person is told what that means.
        assert "None of 8 pictures by mine shows a face" in printed.err
        assert f"written: {trained_part(part, space)}" in printed.out
        metadata = load_learned(trained_part(part, space), part).metadata
        assert (metadata["latent_space"], metadata["sampled"]) == (space, "mine")
    assert not after.exists()
    assert main(beautify) == 0
    assert after.exists()


def test_nothing_is_said_where_there_are_faces(
    real_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.training import dataset

    monkeypatch.setattr(dataset, "picture_of", lambda *drawn: portrait_crop())
    with at_home(real_home):
        dataset.warn_if_faceless(SmallGenerator())
    assert capsys.readouterr().err == ""


def portrait_crop() -> object:
    """The bundled portrait's face [256, 256, 3]."""
    pixels = cv2.imread(str(PORTRAIT))
    assert pixels is not None
    return cv2.resize(pixels[20:220, 120:320, ::-1], (256, 256)).astype("float32") / 255.0
