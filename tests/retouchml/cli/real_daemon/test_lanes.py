"""A batch gives all workers of a daemon work: real processes, a stand-in backend that takes its time."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retouchml.client.client import Client
from tests.daemon.running import PATIENCE, PLAIN, ROOT, Daemon, environment, needs_posix, picture, until
from tests.retouchml.cli.real_daemon.test_daemon_backend import run
from tests.retouchml.running import results
from tests.waiting import HELD, held, open_gate

pytestmark = pytest.mark.processes


def pictures(folder: Path, tenths: "list[int]") -> Path:
    """Pictures of one face, of which each takes so many tenths of a second."""
    folder.mkdir()
    for number, each in enumerate(tenths):
        pixels = np.random.default_rng(number).integers(0, 200, (24, 64, 3)).astype(np.uint8)
        pixels[0, 0, :2] = 1, each
        Image.fromarray(pixels).save(folder / f"{number:02d}.png")
    return folder


def lines(report: Path) -> "list[tuple[str, str]]":
    read = [json.loads(line) for line in report.read_text().splitlines()]
    return [(Path(each["image"]).name, each["status"]) for each in read]


def test_all_workers_work_at_once_and_the_report_keeps_the_order(
    start: Callable[..., Daemon], tmp_path: Path
) -> None:
    daemon = start("--device", "one,two")
    source = pictures(tmp_path / "in", [HELD, HELD, HELD, 1, 3, 1, 2, 1])
    report = tmp_path / "report.jsonl"
    command = [sys.executable, "-m", "retouchml", "beautify", source, "-o", tmp_path / "out"]
    with subprocess.Popen(
        [*map(str, command), "--report", str(report)], env=environment(), cwd=ROOT, stdout=subprocess.PIPE
    ) as batch:
        assert until(lambda: {worker.state for worker in daemon.status().workers} == {"busy"})
        assert until(lambda: held() == 2)
        open_gate()
        out, _ = batch.communicate(timeout=PATIENCE)
        assert batch.returncode == 0
    names = [f"{number:02d}.png" for number in range(8)]
    assert lines(report) == [(name, "done") for name in names]
    # a line on each, in order, whichever was done first; then the summary
    assert [Path(line.split(b":")[0].decode()).name for line in out.splitlines()[:-1]] == names


def test_the_results_are_those_of_one_command_for_each(start: Callable[..., Daemon], tmp_path: Path) -> None:
    start("--device", "one,two")
    source = pictures(tmp_path / "in", [0] * 6)
    assert run("beautify", source, "-o", tmp_path / "out").returncode == 0
    for each in sorted(source.iterdir()):
        assert run("beautify", each, "-o", tmp_path / each.name).returncode == 0
        assert (tmp_path / each.name).read_bytes() == (tmp_path / "out" / each.name).read_bytes()


def test_a_bad_picture_costs_itself_alone(start: Callable[..., Daemon], tmp_path: Path) -> None:
    start("--device", "one,two")
    source = pictures(tmp_path / "in", [1, 1, 1, 1])
    (source / "01.png").write_bytes(b"no picture")
    report = tmp_path / "report.jsonl"
    assert run("beautify", source, "-o", tmp_path / "out", "--report", report).returncode == 1
    assert [status for _, status in lines(report)] == ["done", "failed", "done", "done"]
    assert results(tmp_path / "out") == ["00.png", "02.png", "03.png"]


@needs_posix
def test_a_batch_that_is_stopped_ends_soon_and_goes_on_later(
    start: Callable[..., Daemon], tmp_path: Path
) -> None:
    daemon = start("--device", "one,two")
    source = pictures(tmp_path / "in", [0, 0, HELD, HELD, HELD, 1])
    command = [sys.executable, "-m", "retouchml", "beautify", str(source), "-o", str(tmp_path / "out")]
    with subprocess.Popen(command, env=environment(), cwd=ROOT, stderr=subprocess.PIPE) as batch:
        assert until(lambda: held() > 0)
        batch.send_signal(signal.SIGINT)
        _, said = batch.communicate(timeout=PATIENCE)
    assert batch.returncode == 130
    # where a lane was slow to begin, its picture waits behind a held one
    done = results(tmp_path / "out")
    assert done in ([], ["00.png"], ["00.png", "01.png"])
    assert f"{len(done)} of 6".encode() in said
    assert until(lambda: daemon.status().photos == 0)
    for number in (2, 3, 4):
        pixels = np.array(Image.open(source / f"{number:02d}.png"))
        pixels[0, 0, 1] = 0
        Image.fromarray(pixels).save(source / f"{number:02d}.png")
    again = run("beautify", source, "-o", tmp_path / "out", "--existing", "skip")
    assert again.returncode == 0
    assert f"{len(done)} skipped" in again.stdout or not done
    assert len(results(tmp_path / "out")) == 6


def test_a_daemon_that_is_full_for_a_moment_fails_no_picture(
    start: Callable[..., Daemon], tmp_path: Path
) -> None:
    start("--device", "one,two", "--limits", "photos=2")
    source = pictures(tmp_path / "in", [2] * 5)
    with Client() as client:
        photo = client.open(PLAIN, picture().tobytes()).result(PATIENCE)
        ran = run("beautify", source, "-o", tmp_path / "out")
        photo.close()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(results(tmp_path / "out")) == 5
