"""Loading: the user's own learned parts before those of the project, and the device."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pipeline.attributes import MODEL
from pipeline.latent_network import LatentNetwork, learned_part, load_learned, save_learned, trained_part
from pipeline.networks import Networks, load_networks, pick_device, pick_precision
from pipeline.retoucher import Retoucher
from retouchml.errors import DeviceError, LatentSpaceMismatch, ModelCorrupt, UsageError
from retouchml.settings import PrecisionName
from stylegan2 import zoo
from stylegan2.mobile.generator import MobileGenerator
from tests.conftest import at_home

SPACE = "ffhq-config-f"


@pytest.fixture
def home(real_home: Path, tmp_path: Path) -> Path:
    """The test's own home, with the real models."""
    home = tmp_path / "home"
    (home / "data").mkdir(parents=True)
    (home / "data" / "models").symlink_to(real_home / "data" / "models", target_is_directory=True)
    return home


def save_scorer(space: str) -> LatentNetwork:
    """A scorer of one's own in the data folder, of the latent space ``space`` as it says."""
    torch.manual_seed(3)
    network = LatentNetwork(("rating",), 512)
    torch.nn.init.normal_(network.linear)
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    metadata = {"kind": "scorer", "latent_space": space, "outputs": "rating"}
    save_learned(trained_part("scorer", SPACE), tensors, metadata)
    return network


@pytest.mark.usefixtures("home")
def test_parts_that_the_user_trained_are_used(networks: Networks) -> None:
    scorer = save_scorer(SPACE)
    encoder = load_learned(learned_part("encoder", SPACE), "encoder")
    own = {**encoder.tensors, "bias": encoder.tensors["bias"] + 1.0}
    save_learned(trained_part("encoder", SPACE), own, encoder.metadata)
    loaded = load_networks("ffhq-mobile", "cpu")
    assert isinstance(loaded.beautifier._scorer, LatentNetwork)
    assert torch.equal(loaded.beautifier._scorer.linear, scorer.linear)
    assert loaded.beautifier.identity != networks.beautifier.identity  # kept paths are not mixed up
    assert loaded.encoder is not None
    assert torch.equal(loaded.encoder.bias, own["bias"])
    shipped = networks.edit_applier.attributes.state_dict()
    assert all(torch.equal(shipped[n], t) for n, t in loaded.edit_applier.attributes.state_dict().items())


@pytest.mark.usefixtures("home")
def test_a_trained_part_of_another_latent_space_is_refused() -> None:
    save_scorer("w-0123")
    with pytest.raises(LatentSpaceMismatch, match=r"w-0123.*ffhq-config-f") as refused:
        load_networks("ffhq-mobile", "cpu")
    assert "retouchml train scorer --model ffhq-mobile" in refused.value.advice


@pytest.mark.parametrize(("damaged", "tells"), [("age-v1.onnx", False), ("gender-v1.onnx", True)])
def test_a_retouch_goes_on_without_an_age_network_that_is_damaged(
    damaged: str, tells: bool, real_home: Path, tmp_path: Path
) -> None:
    models, own = real_home / "data" / "models", tmp_path / "home" / "data" / "models"
    if not (models / MODEL).is_dir():
        pytest.skip("not fetched: age-gender (`python3 install test` fetches it)")
    own.mkdir(parents=True)
    for model in models.iterdir():
        (own / model.name).symlink_to(model)
    (own / MODEL).unlink()
    shutil.copytree(models / MODEL, own / MODEL)
    size = (own / MODEL / damaged).stat().st_size
    (own / MODEL / damaged).write_bytes(bytes(size))
    with pytest.raises(ModelCorrupt, match=damaged):
        zoo.verify(MODEL)
    assert (load_networks("ffhq-mobile", "cpu").ages is not None) is tells


@pytest.mark.parametrize("device", ["nonsense", "meta", "cuda:99", ""])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(DeviceError) as refused:
        pick_device(device)
    assert refused.value.advice


# ---- precision


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Lets torch say that its card has this compute capability."""

    def has(major: int, minor: int) -> None:
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _=None: (major, minor))

    return has


@pytest.mark.parametrize(
    ("capability", "precision"), [((9, 0), "float16"), ((7, 0), "float16"), ((6, 1), "float32")]
)
def test_auto_is_float16_on_cards_that_are_fast_in_it_and_float32_elsewhere(
    capability: tuple[int, int], precision: str, card: Callable[[int, int], None]
) -> None:
    card(*capability)
    assert pick_precision("auto", "cuda:1") == precision
    assert pick_precision("auto", "cpu") == "float32"
    assert pick_precision("auto", "mps") == "float32"
    assert pick_precision("auto", "cpu", "tensorflow1") == "float32"


def test_what_is_asked_for_is_used_where_it_makes_sense(card: Callable[[int, int], None]) -> None:
    card(8, 6)
    assert pick_precision("float32", "cuda") == "float32"
    assert pick_precision("float32", "cpu") == "float32"
    assert pick_precision("float32", "cpu", "tensorflow1") == "float32"
    assert pick_precision("bfloat16", "cuda") == "bfloat16"
    assert pick_precision("float16", "mps") == "float16"


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_half_precision_on_a_processor_or_in_tensorflow_is_refused(name: PrecisionName) -> None:
    with pytest.raises(UsageError, match=f"{name} is for graphics cards") as refused:
        pick_precision(name, "cpu")
    assert "--precision auto" in refused.value.advice
    with pytest.raises(UsageError, match=f"TensorFlow 1.15 computes in float32, not in {name}"):
        pick_precision(name, "cuda", "tensorflow1")


def test_bfloat16_on_a_card_without_it_and_unknown_names_are_refused(
    card: Callable[[int, int], None],
) -> None:
    card(7, 5)
    with pytest.raises(UsageError, match="does not compute in bfloat16"):
        pick_precision("bfloat16", "cuda")
    with pytest.raises(UsageError, match="no precision called 'half'"):
        pick_precision("half", "cuda")  # type: ignore[arg-type]


def test_nothing_is_loaded_for_a_precision_that_is_refused() -> None:
    with pytest.raises(UsageError, match="float16 is for graphics cards"):
        Retoucher("no such model", "cpu", precision="float16")


def test_graphs_are_recorded_by_default_and_can_be_left_out(networks: Networks, real_home: Path) -> None:
    assert isinstance(networks.generator, MobileGenerator)
    assert networks.generator.graphed.enabled
    with at_home(real_home):
        generator = Retoucher(device="cpu", cache=False, graphs=False).networks.generator
    assert isinstance(generator, MobileGenerator)
    assert not generator.graphed.enabled
