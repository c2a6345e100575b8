"""torch's threads: all of them on a quiet machine, a fair share beside others."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from pipeline import threads
from pipeline.identity import chip_frame
from pipeline.invert import InversionStage
from pipeline.networks import Networks
from retouchml.errors import Cancelled
from tests.pipeline.synthetic_faces import landmarks

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def four_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(threads, "_running", threads._Running())
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    file = tmp_path / "loadavg"
    file.write_text(text)
    monkeypatch.setattr(threads, "_LOAD", file)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(threads, "_running", threads._Running())
    return file


def used(device: torch.device = CPU) -> int:
    with threads.threads_restored():
        threads.use_share(4, device)
        return torch.get_num_threads()


@pytest.mark.parametrize(
    ("own", "cores", "others", "expected"),
    [
        (2, 2, 0.0, 2),
        (2, 2, 0.4, 2),  # now and then
        (2, 2, 1.0, 1),
        (2, 2, 9.0, 1),
        (16, 16, 1.0, 15),
        (16, 16, 20.0, 7),
        (2, 64, 30.0, 2),  # cores enough for all
        (1, 1, 100.0, 1),
    ],
)
def test_a_share_is_as_many_threads_as_get_a_core(own: int, cores: int, others: float, expected: int) -> None:
    assert threads.share(own, cores, others) == expected


def test_beside_others_there_are_fewer_threads_until_the_block_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(tmp_path, monkeypatch, "9.00 8.00 7.00 13/800 4242\n")
    assert used() == 1
    assert torch.get_num_threads() == 4


def test_what_others_run_is_asked_again_after_a_while_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    asked: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", asked.append)
    file = loaded(tmp_path, monkeypatch, "9.00 8.00 7.00 13/800 4242\n")
    assert used() == 1
    told = len(asked)
    file.write_text("0.00 0.00 0.00 1/800 4242\n")
    now[0] += 1.0
    assert used() == 1
    assert len(asked) == told > 0
    now[0] += 1.1
    assert used() == 4
    assert len(asked) == 2 * told


def test_the_threads_are_back_after_a_stopped_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded(tmp_path, monkeypatch, "9.00 8.00 7.00 13/800 4242\n")

    @threads.threads_restored()
    def stopped() -> None:
        threads.use_share(4, CPU)
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        stopped()
    assert torch.get_num_threads() == 4


def test_each_stage_of_an_inversion_and_each_path_take_a_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, networks: Networks
) -> None:
    file = loaded(tmp_path, monkeypatch, "9.00 8.00 7.00 13/800 4242\n")
    seen: list[int] = []
    crop, points = np.full((256, 256, 3), 0.5, np.float32), landmarks((128.0, 140.0), 56.0)

    def note(*_: object) -> None:
        seen.append(torch.get_num_threads())
        if len(seen) == 3:  # the beginning, and two steps: the first stage is done
            file.write_text("9.00 8.00 7.00 1/800 4242\n")
            monkeypatch.setattr(threads, "_NEWS", -1.0)  # as after a longer stage

    recipe = (InversionStage(64, 2, 0.08, False), InversionStage(64, 1, 0.07, True))
    inversion = networks.inverter.invert(crop, points, recipe=recipe, progress=note)
    assert seen == [4, 1, 1, 4]
    assert torch.get_num_threads() == 4
    loaded(tmp_path, monkeypatch, "9.00 8.00 7.00 13/800 4242\n")
    seen.clear()
    grid = chip_frame(points).grid(256, 256)
    networks.beautifier.path(inversion.w_plus, grid, progress=note)
    assert set(seen) == {1}
    assert torch.get_num_threads() == 4


def test_a_quiet_machine_gives_all_threads_whatever_the_last_minutes_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(tmp_path, monkeypatch, "9.00 8.00 7.00 1/800 4242\n")
    assert used() == 4


def test_a_process_that_may_use_some_cores_has_a_thread_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 3}, raising=False)
    loaded(tmp_path, monkeypatch, "9.00 8.00 7.00 1/800 4242\n")
    assert used() == 2
    loaded(tmp_path, monkeypatch, "9.00 8.00 7.00 9/800 4242\n")  # half of the eight others are on these two
    assert used() == 1
    monkeypatch.setattr(os, "cpu_count", lambda: 64)  # of which the eight others leave room
    assert used() == 2


@pytest.mark.parametrize("text", ["", "9.00 8.00 7.00\n", "9.00 8.00 7.00 many/800 4242\n"])
def test_a_system_that_does_not_tell_gives_all_threads(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(tmp_path, monkeypatch, text)
    assert used() == 4
    (tmp_path / "loadavg").unlink()
    assert used() == 4


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MKL_NUM_THREADS"])
def test_the_number_that_the_user_chose_stays(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(tmp_path, monkeypatch, "9.00 8.00 7.00 13/800 4242\n")
    assert used() < 4
    monkeypatch.setenv(name, "4")
    assert used() == 4


def test_how_threads_wait_does_not_choose_their_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(tmp_path, monkeypatch, "9.00 8.00 7.00 13/800 4242\n")
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    assert used() < 4


def test_a_graphics_card_needs_no_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded(tmp_path, monkeypatch, "9.00 8.00 7.00 13/800 4242\n")
    assert used(torch.device("meta")) == 4


def test_other_systems_tell_the_cores_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(psutil, "cpu_percent", lambda _: 75.0)
    assert threads.running_elsewhere() == 3.0
    assert used() == round(4 * 4 / 7)


@pytest.mark.processes
@pytest.mark.skipif(sys.platform != "linux", reason="of /proc/loadavg")
def test_processes_that_are_busy_are_seen() -> None:
    with ExitStack() as stack:
        for _ in range(6):
            busy = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(busy.kill)
        assert any(threads.running_elsewhere() > 2.0 for _ in range(50))
