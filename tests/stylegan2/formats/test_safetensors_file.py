"""Weights in memory of their own: what happens to a file after it was read changes nothing."""

import hashlib
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

import stylegan2
from retouchml.errors import ModelCorrupt, ModelMissing
from stylegan2 import importing, zoo
from stylegan2.formats import own, safetensors_file
from stylegan2.formats.opening import WeightFile
from stylegan2.full_generator import FullGenerator
from stylegan2.loading import read_network
from tests.stylegan2.formats.hostile_files import DATA

NETWORK = DATA / "tf32_resnet.pkl"


def zeroed(path: Path) -> None:
    """Write zeros over the numbers, in place."""
    with path.open("r+b") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
        size = path.stat().st_size
        file.seek(start)
        file.write(bytes(size - start))


def cut(path: Path) -> None:
    """End the file in the middle, in place."""
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


@pytest.mark.parametrize("harm", [zeroed, cut])
def test_a_file_that_changes_after_it_was_loaded_changes_no_image(harm: object, tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    own.write(path, own.measured(read_network(NETWORK)))
    generator = stylegan2.load(path)
    assert isinstance(generator, FullGenerator)
    w_plus = generator.map(torch.ones(1, generator.z_dim))
    before, mean = generator.synthesize(w_plus), generator.latents.mean.clone()
    assert callable(harm)
    harm(path)
    assert torch.equal(generator.synthesize(w_plus), before)
    assert torch.equal(generator.latents.mean, mean)
    assert all(bool(tensor.abs().sum() > 0) for tensor in generator.network.below("mapping.").values())


@pytest.mark.parametrize("harm", [zeroed, cut])
def test_a_file_that_changes_between_the_check_and_the_reading_is_refused(
    harm: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing.import_network(NETWORK, "mine")
    stylegan2.load("mine")
    found = zoo.weight_file("mine", "mine.safetensors")
    assert callable(harm)
    harm(found.path)
    with pytest.raises(ModelCorrupt, match="has changed since it was fetched"):
        own.read(found)


def test_what_is_hashed_is_what_is_used(tmp_path: Path) -> None:
    content = save(
        {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(2, dtype=torch.float16)}, {"k": "v"}
    )
    path = tmp_path / "some.safetensors"
    path.write_bytes(content)
    read = safetensors_file.read(WeightFile(path, hashlib.sha256(content).hexdigest()))
    assert read.metadata == {"k": "v"}
    assert torch.equal(read.tensors["a"], torch.arange(6.0).reshape(2, 3))
    assert read.tensors["b"].dtype == torch.float16
    with pytest.raises(ModelCorrupt, match="has changed"):
        safetensors_file.read(WeightFile(path, "0" * 64))


def test_a_scalar_and_a_tensor_of_nothing_are_read_as_the_library_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "some.safetensors"
    path.write_bytes(save({"scalar": torch.tensor(2.5), "nothing": torch.zeros(0, 3), "more": torch.ones(3)}))
    tensors = safetensors_file.read(path).tensors
    assert tensors["scalar"].shape == ()
    assert float(tensors["scalar"]) == 2.5
    assert tensors["nothing"].shape == (0, 3)


def test_the_tensors_are_not_read_if_the_header_is_not_wanted(tmp_path: Path) -> None:
    path = tmp_path / "some.safetensors"
    path.write_bytes(save({"a": torch.zeros(1000)})[:-1])

    def refuse(header: safetensors_file.Header) -> None:
        assert header.size == 4000
        raise ModelMissing("not this one")

    with pytest.raises(ModelMissing, match="not this one"):
        safetensors_file.read(path, refuse)
    with pytest.raises(ModelCorrupt, match="another size than it says"):
        safetensors_file.read(path)


def test_a_header_longer_than_any_of_ours_is_refused_by_its_length_alone(tmp_path: Path) -> None:
    path = tmp_path / "some.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 95_000_000) + b"{")
        file.truncate(95_000_000)  # a file of holes: whoever reads it all needs a hundred megabytes
    with pytest.raises(ModelCorrupt, match="header is longer than 1 MB"):
        read_network(path)


def test_a_foreign_safetensors_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    path.write_bytes(save({"model.weight": torch.ones(3)}))
    for take in (read_network, stylegan2.load):
        with pytest.raises(ModelCorrupt, match="safetensors file of another kind of network"):
            take(path)
