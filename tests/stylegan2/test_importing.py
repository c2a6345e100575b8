"""Taking over a network of one's own: what is believed of a file, what is left when something goes wrong."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

import stylegan2
from pipeline.training.sampling import draw
from retouchml import paths
from retouchml.errors import DiskFullError, ModelCorrupt, ModelMissing, UsageError
from stylegan2 import importing, zoo
from stylegan2.formats import own
from stylegan2.formats.network_file import NetworkFile
from stylegan2.full_generator import FullGenerator
from stylegan2.latents import LatentSpace, fits_mapping
from stylegan2.loading import read_network
from stylegan2.tensorflow1.generator import TensorFlow1Generator
from stylegan2.zoo import table
from tests.stylegan2.formats import hostile_files as files

NETWORK = files.DATA / "tf32_resnet.pkl"
OTHER = files.DATA / "tf32_cond3.pkl"
ROOT = Path(__file__).parents[2]


@cache
def honest(source: Path = NETWORK) -> own.OwnFile:
    return own.measured(read_network(source))


def written(path: Path, latents: LatentSpace) -> Path:
    """Our own file of the reference network, with such a latent space."""
    own.write(path, own.OwnFile(honest().network, latents))
    return path


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def model_folders() -> list[str]:
    return sorted(path.name for path in paths.models_dir().glob("*") if path.suffix != ".lock")


# ---- what a file says of its latent space


@pytest.mark.parametrize("name", ["ffhq-config-f", "w-0123456789ab"])
def test_a_file_that_claims_another_latent_space_is_neither_imported_nor_loaded(
    name: str, tmp_path: Path
) -> None:
    file = written(tmp_path / "lying.safetensors", replace(honest().latents, name=name))
    for take in (importing.import_network, stylegan2.load, read_network):
        with pytest.raises(ModelCorrupt, match="latent space"):
            take(file)
    assert model_folders() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda space: {"mean": space.mean + 3.0},
        lambda space: {"p_mean": space.p_mean + 20.0},
        lambda space: {"whitening": 3.0 * space.whitening, "coloring": space.coloring / 3.0},
        lambda space: {"coloring": space.coloring.flip(0)},
        lambda space: {"whitening": torch.full_like(space.whitening, 3e38)},
    ],
    ids=["mean", "p_mean", "whitening", "coloring", "infinite"],
)
def test_statistics_that_the_mapping_network_does_not_have_are_refused(change: Any, tmp_path: Path) -> None:
    space = honest().latents
    file = written(tmp_path / "lying.safetensors", replace(space, **change(space)))
    with pytest.raises(ModelCorrupt, match="latent space"):
        stylegan2.load(file)


@pytest.mark.parametrize("source", [NETWORK, OTHER, files.DATA / "tf32_skip_as_rosinality.pt"])
def test_statistics_that_were_measured_are_believed(source: Path, tmp_path: Path) -> None:
    file = honest(source)
    assert fits_mapping(file.latents, file.network.mapping())
    own.write(tmp_path / "made.safetensors", file)
    assert stylegan2.load(tmp_path / "made.safetensors").latents.name == file.latents.name


def test_importing_our_own_file_measures_its_latent_space_anew(tmp_path: Path) -> None:
    space = honest().latents
    near = replace(space, whitening=1.1 * space.whitening, coloring=space.coloring / 1.1)
    importing.import_network(written(tmp_path / "near.safetensors", near), "mine")
    loaded = stylegan2.load("mine").latents
    assert torch.equal(loaded.whitening, space.whitening)
    assert torch.equal(loaded.coloring, space.coloring)


# ---- what tells networks apart


def swapped() -> NetworkFile:
    """The reference network with two layers of its mapping exchanged, and all others the same."""
    network = honest().network
    tensors = dict(network.tensors)
    for kind in ("weight", "bias"):
        one, two = f"mapping.layers.1.{kind}", f"mapping.layers.2.{kind}"
        tensors[one], tensors[two] = tensors[two], tensors[one]
    return replace(network, tensors=tensors)


def changed(name: str) -> NetworkFile:
    """The reference network with one number of one tensor another."""
    network = honest().network
    tensors = {**network.tensors, name: network.tensors[name].clone()}
    tensors[name].view(-1)[-1] += 0.01
    return replace(network, tensors=tensors)


def by_tensorflow(network: NetworkFile) -> TensorFlow1Generator:
    """The generator of that engine, with nothing behind it."""
    return TensorFlow1Generator("mine", network, honest().latents, cast(Any, None))


def by_torch(network: NetworkFile) -> FullGenerator:
    return FullGenerator("mine", network, torch.device("cpu"), honest().latents)


@pytest.mark.parametrize("make", [by_tensorflow, by_torch])
def test_networks_that_had_the_same_name_are_told_apart_by_every_weight(make: Any) -> None:
    last = "synthesis.blocks.3.to_image.weight"
    others = [
        swapped(),
        *(changed(name) for name in (last, "synthesis.blocks.2.conv0.noise", "discriminator.output.bias")),
    ]
    identities = [make(network).identity for network in (honest().network, *others)]
    assert len(set(identities)) == len(identities)


def test_the_same_network_is_the_same_for_both_engines_and_in_every_file(tmp_path: Path) -> None:
    own.write(tmp_path / "mine.safetensors", honest())
    shutil.copy(NETWORK, tmp_path / "mine.pkl")
    identities = {
        by_tensorflow(honest().network).identity,
        by_torch(honest().network).identity,
        stylegan2.load(tmp_path / "mine.safetensors").identity,
        stylegan2.load(tmp_path / "mine.pkl").identity,
    }
    assert len(identities) == 1


# ---- disks, kills, names, odd files


_IMPORT = """
import os, resource, sys
from pathlib import Path
from retouchml.errors import RetouchError
from stylegan2 import importing

if sys.argv[3] == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
if sys.argv[3] == "killed":
    Path.replace = lambda *_: os._exit(9)
try:
    importing.import_network(Path(sys.argv[1]), sys.argv[2])
except RetouchError as error:
    print(error.code, error.explain())
"""


def import_elsewhere(file: Path, how: str) -> "subprocess.CompletedProcess[str]":
    """In a process of its own: "full" with a disk that takes no large file, "killed" in the last moment."""
    command = [sys.executable, "-c", _IMPORT, str(file), "mine", how]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="the limit on a file's size is POSIX's")
def test_a_disk_that_fills_up_while_the_network_is_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    before = importing.import_network(NETWORK, "mine")
    wide = tmp_path / "wide.pt"
    # in half precision the file is smaller than what it becomes, so that only that does not fit
    whole = torch.load(files.DATA / "tf32_skip_as_rosinality.pt", weights_only=True)
    halves = {name: value.half() for name, value in whole["g_ema"].items()}
    torch.save({"g_ema": halves, "latent_avg": whole["latent_avg"]}, wide)
    assert wide.stat().st_size < 600_000
    done = import_elsewhere(wide, "full")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("disk_full ")
    assert "mine does not fit" in done.stdout
    assert model_folders() == ["mine"]
    zoo.verify("mine")
    assert stylegan2.load("mine").latents.name == before.space


def test_too_small_a_disk_is_noticed_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(DiskFullError, match="are needed"):
        importing.import_network(NETWORK, "mine")
    assert model_folders() == []


def test_a_model_whose_replacement_was_killed_in_the_last_moment_comes_back(tmp_path: Path) -> None:
    first = importing.import_network(NETWORK, "mine")
    assert import_elsewhere(OTHER, "killed").returncode == 9
    assert "mine" not in model_folders()
    (tmp_path / "bad.pkl").write_bytes(b"nothing")
    with pytest.raises(ModelCorrupt):
        importing.import_network(tmp_path / "bad.pkl", "mine")
    assert model_folders() == ["mine"]
    assert stylegan2.load("mine").latents.name == first.space
    importing.import_network(OTHER, "mine")
    assert model_folders() == ["mine"]


def test_an_interrupted_replacement_leaves_the_former_model(monkeypatch: pytest.MonkeyPatch) -> None:
    first = importing.import_network(NETWORK, "mine")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            importing.import_network(OTHER, "mine")
    assert model_folders() == ["mine"]
    assert stylegan2.load("mine").latents.name == first.space


@pytest.mark.parametrize("name", ["net.pt", "net.pkl", "a.b.safetensors", "net.pth"])
def test_a_name_that_would_be_taken_for_a_file_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="taken for a file") as refused:
        importing.import_network(NETWORK, name)
    assert "--name" in refused.value.advice


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pkl")
    for take in (importing.import_network, stylegan2.load, read_network):
        with pytest.raises(ModelMissing, match="is no file"):
            take(tmp_path / "pipe.pkl")


@pytest.mark.parametrize("how", ["written over", "grown", "exchanged"])
def test_what_is_hashed_is_what_is_converted_whatever_happens_to_the_file(how: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.pkl"
    shutil.copy(NETWORK, file)

    def meddle(stage: str, _part: float, _left: float | None) -> None:
        if stage == "reading":
            if how == "exchanged":
                file.unlink()
            content = OTHER.read_bytes() if how != "grown" else NETWORK.read_bytes() + b"more"
            file.write_bytes(content)

    imported = importing.import_network(file, progress=meddle)
    listed = table.find("mine")
    assert listed.sha256 == hashlib.sha256(NETWORK.read_bytes()).hexdigest()
    assert listed.size == NETWORK.stat().st_size
    assert imported.space == honest().latents.name
    assert json.loads((imported.folder / "import.json").read_text())["archive"] == "mine.pkl"


def test_a_refusal_names_the_file_that_was_given(tmp_path: Path) -> None:
    (tmp_path / "holiday.pkl").write_bytes(b"<html>")
    with pytest.raises(ModelCorrupt, match=r"holiday\.pkl"):
        importing.import_network(tmp_path / "holiday.pkl")


def test_what_a_file_says_of_its_origin_cannot_steer_a_terminal(tmp_path: Path) -> None:
    odd = "\x1b[2Jnothing to see"
    network = replace(honest().network, source=odd, notes=(odd, "plain", *[f"{n}" * 900 for n in range(20)]))
    own.write(tmp_path / "odd.safetensors", own.OwnFile(network, honest().latents))
    imported = importing.import_network(tmp_path / "odd.safetensors", "mine")
    assert imported.source.isprintable()
    assert imported.notes[0] == "plain"
    assert len(imported.notes) < 10
    assert all(note.isprintable() and len(note) <= 300 for note in imported.notes)


def test_what_was_not_sure_about_a_network_stays_in_its_manifest_and_its_file(tmp_path: Path) -> None:
    whole = torch.load(files.DATA / "tf32_skip_as_rosinality.pt", weights_only=True)
    torch.save({"g": whole["g_ema"]}, tmp_path / "made.pt")
    imported = importing.import_network(tmp_path / "made.pt", "mine")
    assert "no moving average" in imported.notes[0]
    assert table.find("mine").note == imported.notes[0]
    assert read_network(zoo.path("mine", "mine.safetensors")).notes == imported.notes


# ---- names


@pytest.mark.parametrize("name", ["FFHQ-Mobile", "MINE", "mine.", "CON", "nul.network", "mine.PKL"])
def test_a_name_that_some_disk_takes_for_another_is_refused(name: str) -> None:
    importing.import_network(NETWORK, "mine")
    with pytest.raises(UsageError):
        importing.import_network(OTHER, name)
    assert model_folders() == ["mine"]


def test_importing_leaves_alone_what_another_import_works_on(tmp_path: Path) -> None:
    others_work = paths.models_dir() / ".a.part-b.part-0123abcd" / "old"
    others_work.mkdir(parents=True)
    own_leftover = paths.models_dir() / ".a.part-0123abcd"
    own_leftover.mkdir()
    importing.import_network(NETWORK, "a")
    assert others_work.is_dir()
    assert not own_leftover.exists()


def test_an_import_a_removal_and_a_refusal_leave_no_lock_file(tmp_path: Path) -> None:
    importing.import_network(NETWORK, "mine")
    assert files_in(paths.models_dir()) == ["mine"]
    (tmp_path / "holiday.pkl").write_bytes(b"<html>")
    with pytest.raises(ModelCorrupt):
        importing.import_network(tmp_path / "holiday.pkl")
    assert files_in(paths.models_dir()) == ["mine"]
    zoo.remove("mine")
    assert files_in(paths.models_dir()) == []


# ---- labels


def test_training_draws_every_class_as_the_statistics_do(monkeypatch: pytest.MonkeyPatch) -> None:
    conditional = stylegan2.load(OTHER)
    batches: list[torch.Tensor] = []
    mapped = conditional.map

    def noted(z: torch.Tensor, labels: torch.Tensor, psi: float) -> torch.Tensor:
        batches.append(labels)
        return mapped(z, labels, psi)

    monkeypatch.setattr(conditional, "map", noted)
    assert len(list(draw(conditional, 300, 3))) == 300
    labels = torch.cat(batches)
    assert labels.shape == (600, 3)
    assert bool((labels.sort(1).values == torch.tensor([0.0, 0.0, 1.0])).all())
    assert float(labels.mean(0).min()) > 0.27


def test_networks_without_classes_draw_what_they_always_drew() -> None:
    plain = stylegan2.load(NETWORK)
    random = np.random.default_rng(1)
    assert plain.random_labels(random, 2) is None
    assert random.integers(1 << 30) == np.random.default_rng(1).integers(1 << 30)
