"""A face retouched from end to end with TensorFlow 1.15 running the generator: random weights, small size."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

import pipeline.networks
from pipeline.invert import InversionStage
from pipeline.latent_network import LatentNetwork, load_learned, save_learned, weights_folder
from pipeline.retoucher import Retoucher
from retouchml.cli.main import main
from retouchml.errors import Cancelled, UsageError
from retouchml.look import Look
from stylegan2.tensorflow1.child_process import ChildProcess
from stylegan2.tensorflow1.generator import TensorFlow1Generator
from tests.conftest import PORTRAIT, at_home
from tests.stylegan2 import test_parity as reference

NETWORK = reference._TRIMMED / "tf32_skip_as_rosinality.pt"
RECIPE = (
    InversionStage(16, 2, 0.05, False),
    InversionStage(32, 2, 0.05, True),
    InversionStage(128, 2, 0.05, True),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Learned parts for the random network's latent space: as random as it is, with the real outputs."""
    torch.manual_seed(5)
    made = tmp_path_factory.mktemp("weights")
    space = reference.network(NETWORK).latents
    for kind in ("scorer", "edits"):
        outputs = load_learned(weights_folder() / f"{kind}.safetensors", kind).metadata["outputs"]
        network = LatentNetwork(outputs.split(","), len(space.mean))
        torch.nn.init.normal_(network.linear, std=0.1)
        tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
        metadata = {"kind": kind, "latent_space": space.name, "outputs": outputs}
        save_learned(made / f"{kind}.safetensors", tensors, metadata)
    return made


@pytest.fixture(scope="module")
def random_retoucher(tensorflow1_home: Path, folder: Path) -> Iterator[Retoucher]:
    with at_home(tensorflow1_home), pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline.networks, "learned_part", lambda kind, _space: folder / f"{kind}.safetensors")
        made = Retoucher(str(NETWORK), "cpu", cache=False, engine="tensorflow1")
        yield made
        assert isinstance(made.networks.generator, TensorFlow1Generator)
        made.networks.generator.child.close()


class Stop:
    def __init__(self, after: int) -> None:
        self.left = after

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_a_face_is_retouched_by_a_random_network(
    random_retoucher: Retoucher, portrait: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    inverter = random_retoucher.networks.inverter
    whole = type(inverter).invert
    monkeypatch.setattr(
        type(inverter), "invert", lambda *given, **named: whole(*given, **{"recipe": RECIPE, **named})
    )
    photo = random_retoucher.open(portrait)
    assert len(photo.faces) == 1
    patches = photo.render({0: Look(strength=1.0, edits={"smile": 0.5})})
    after = photo.apply(patches)
    changed = np.any(after != portrait, axis=2)
    assert after.shape == portrait.shape
    assert changed.any()
    x, y, width, height = patches[0].box
    changed[y : y + height, x : x + width] = False
    assert not changed.any()
    assert np.isfinite(photo.report(patches)[0].identity_distance)


def test_stopped_in_the_middle_it_goes_on_with_the_same_child(
    random_retoucher: Retoucher, portrait: NDArray[np.uint8]
) -> None:
    generator = random_retoucher.networks.generator
    assert isinstance(generator, TensorFlow1Generator)
    photo = random_retoucher.open(portrait)
    generator.child.start()
    pid = generator.child.pid
    with pytest.raises(Cancelled):
        photo.render({0: Look(strength=1.0)}, cancel=Stop(after=4))
    assert generator.synthesize(torch.zeros(1, generator.num_layers, generator.w_dim)).isfinite().all()
    assert generator.child.pid == pid


def test_the_command_line_passes_the_engine_on(
    tensorflow1_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "after.png"
    with at_home(tensorflow1_home):
        code = main(["beautify", str(PORTRAIT), "-o", str(out), "--engine", "tensorflow1", "--no-daemon"])
    assert code == UsageError.exit_code
    assert "no StyleGAN2 network" in capsys.readouterr().err
    assert not out.exists()


def test_the_command_line_retouches_a_face_with_it(
    tensorflow1_home: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        pipeline.networks, "learned_part", lambda kind, _space: folder / f"{kind}.safetensors"
    )
    children: dict[int | None, int] = {}
    ask = ChildProcess.ask

    def counted(child: ChildProcess, request: dict[str, object]) -> object:
        answer = ask(child, request)
        children[child.pid] = children.get(child.pid, 0) + 1
        return answer

    monkeypatch.setattr(ChildProcess, "ask", counted)
    out, report_file = tmp_path / "after.png", tmp_path / "after.json"
    command = ["beautify", str(PORTRAIT), "-o", str(out), "--model", str(NETWORK), "--json", str(report_file)]
    with at_home(tensorflow1_home):
        code = main([*command, "--engine", "tensorflow1", "--device", "cpu", "--no-daemon", "--quiet"])
    assert code == 0
    # one process computed it all: a picture or a gradient for each step of the inversion at least
    assert len(children) == 1
    assert sum(children.values()) > 72
    report = json.loads(report_file.read_text())
    assert (report["model"], len(report["faces"])) == (str(NETWORK), 1)
    with Image.open(PORTRAIT) as before, Image.open(out) as after:
        assert after.size == before.size
        changed = np.any(np.array(before.convert("RGB")) != np.array(after.convert("RGB")), axis=2)
    x, y, width, height = report["faces"][0]["patch"]
    assert changed[y : y + height, x : x + width].any()
    changed[y : y + height, x : x + width] = False
    assert not changed.any()


def test_an_engine_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="no engine"):
        Retoucher(engine="jax")
