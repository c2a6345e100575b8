"""Sampling that can be stopped and taken up again, and the files it leaves."""

import os
import signal
import subprocess
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from pipeline.training import gathering, sampling
from pipeline.training.kept import keep, kept
from pipeline.training.sampling import ATTRIBUTES, Samples, collect
from tests.pipeline.faces_by_hand import landmarks
from tests.pipeline.training.small import WIDTH, SmallGenerator, labellers
from tests.retouchml.running import environment, python

ARRAY = (
    b"\x93NUMPY\x01\x00\x46\x00{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }".ljust(79)
    + b"\n\x07"
)
PATIENCE = 60  # seconds


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two samples a chunk; written down every four."""
    monkeypatch.setattr(sampling, "_CHUNK", 2)
    monkeypatch.setattr(sampling, "_KEPT", 4)


def sampled(path: Path, count: int, generator: SmallGenerator | None = None) -> Samples:
    """All of ``count`` samples."""
    list(collect(generator or SmallGenerator(), labellers(), count, 1, path))
    found = kept(path, Samples)
    assert found is not None
    return found


def assert_equal(a: Samples, b: Samples) -> None:
    for field in fields(Samples):
        assert np.array_equal(getattr(a, field.name), getattr(b, field.name)), field.name


def test_samples_have_the_shapes_they_say(tmp_path: Path) -> None:
    found = sampled(tmp_path / "s.npz", 5)
    assert len(found) == 5
    assert found.w.shape == (5, 2, WIDTH)
    assert found.attributes.shape == (5, len(ATTRIBUTES))
    assert found.attributes[:, ATTRIBUTES.index("age")].tolist() == [30.0] * 5
    assert found.chips.shape == (5, 112, 112, 3)
    # A picture of one colour: descriptor and chip both show it.
    assert np.allclose(found.descriptors[:, :3], found.chips[:, 50, 50] / 255.0, atol=0.003)
    # Landmarks were measured on a picture twice as large.
    assert np.allclose(found.landmarks, landmarks((256.0, 256.0), 120.0) / 2.0, atol=1e-3)
    unmixed = found.crossover > 1024
    assert np.array_equal(found.w[unmixed, 0], found.w[unmixed, 1])


def test_an_interrupted_sampling_goes_on_where_it_was_last_written(tmp_path: Path) -> None:
    whole = sampled(tmp_path / "whole.npz", 11)
    path = tmp_path / "parts.npz"
    run = collect(SmallGenerator(), labellers(), 11, 1, path)
    assert [next(run) for _ in range(3)] == [2, 4, 6]
    before = kept(path, Samples)
    assert before is not None
    assert len(before) == 4
    generator = SmallGenerator()
    assert_equal(sampled(path, 11, generator), whole)
    assert generator.made == 7


def test_what_is_added_to_an_odd_number_of_samples_is_written_down_on_the_way(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    sampled(path, 3)
    run = collect(SmallGenerator(), labellers(), 100, 1, path)
    assert [next(run) for _ in range(2)] == [5, 7]
    before = kept(path, Samples)
    assert before is not None
    assert len(before) == 7


def test_seeds_differ_and_a_seed_repeats() -> None:
    generator = SmallGenerator()
    first, again, other = (list(sampling.draw(generator, 6, seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(a[0], b[0]) and a[1] == b[1] for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a[0], b[0]) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("content", [b"", ARRAY, b"PK\x03\x04 not an archive", b"\x93NUMPY"])
def test_a_damaged_file_is_made_again(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    path.write_bytes(content)
    assert kept(path, Samples) is None
    assert len(sampled(path, 3)) == 3


def test_a_file_of_unequal_columns_is_not_believed(tmp_path: Path) -> None:
    found = sampled(tmp_path / "s.npz", 3)
    columns = {field.name: getattr(found, field.name) for field in fields(Samples)}
    np.savez(tmp_path / "s.npz", **{**columns, "w": found.w[:2]})
    assert kept(tmp_path / "s.npz", Samples) is None


def test_nothing_is_left_beside_what_is_kept(tmp_path: Path) -> None:
    found = sampled(tmp_path / "s.npz", 3)
    assert [path.name for path in tmp_path.iterdir()] == ["s.npz"]
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(OSError, match="folder"):
        keep(tmp_path / "folder.npz", found)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.npz", "s.npz"]


def test_gathered_samples_are_kept_by_version_and_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = SmallGenerator()
    monkeypatch.setattr("stylegan2.load", lambda name, device="cpu": generator)
    monkeypatch.setattr(gathering, "load_labellers", labellers)
    monkeypatch.setattr(gathering, "_render_with_onnx", lambda generator: None)
    for library, name in ((torch, "set_num_threads"), (cv2, "setNumThreads")):
        monkeypatch.setattr(library, name, lambda count: None)  # other tests share this process
    first = gathering.gather("ffhq-mobile", 5, 1)
    assert (len(first), generator.made) == (5, 5)
    assert_equal(gathering.gather("ffhq-mobile", 4, 1), first)
    assert generator.made == 5
    monkeypatch.setattr(gathering, "VERSION", sampling.VERSION + 1)
    assert len(gathering.gather("ffhq-mobile", 4, 1)) == 4
    assert generator.made == 9


INTERRUPTED = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it
from pipeline.training.processes import processes
try:
    with processes(2) as pool:
        pending = pool.map_async(time.sleep, [60, 60], chunksize=1)
        if sys.argv[1] == "at work":
            time.sleep(1.0)
        print("ready", flush=True)
        pending.get()
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a signal to a process group, as a terminal does")
@pytest.mark.parametrize("moment", ["starting", "at work"])
def test_ctrl_c_ends_all_processes_without_a_word(moment: str) -> None:
    with subprocess.Popen(
        python(INTERRUPTED, moment),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            os.killpg(child.pid, signal.SIGINT)
            _, err = child.communicate(timeout=PATIENCE)
        finally:
            child.kill()
    assert (child.returncode, err) == (130, "")
