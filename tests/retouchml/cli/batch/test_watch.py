"""Pictures as they arrive in a folder."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path, PurePath

import pytest

from retouchml.cli.batch.inputs import Input
from retouchml.cli.batch.watch import Arrivals
from tests import stand_in_backend
from tests.retouchml.running import Run, environment, python, results, save

PATIENCE = 60  # seconds before a test gives up

COMMAND = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from retouchml.cli.batch import watch
watch._SECONDS = 0.02
from retouchml.cli.main import main
from tests import stand_in_backend
sys.exit(main(sys.argv[1:], make_backend=stand_in_backend.Backend))
"""


class EndError(Exception):
    """The test is over."""


def watched(folder: Path, *steps: Callable[[], object]) -> list[str]:
    """The names that arrive while one step after the other is taken between two looks."""
    remaining = list(steps)

    def wait() -> None:
        if not remaining:
            raise EndError
        remaining.pop(0)()

    def collect() -> tuple[Input, ...]:
        return tuple(Input(path, PurePath(path.name)) for path in sorted(folder.iterdir()))

    names: list[str] = []
    try:
        for each in Arrivals(collect, wait):
            names.append(each.name.name)
    except EndError:
        return names
    raise AssertionError


def nothing() -> None:
    """A look at which nothing has changed."""


def test_a_picture_arrives_once_it_no_longer_grows(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    grow = [lambda size=size: path.write_bytes(b"x" * size) for size in (0, 1, 2)]
    assert watched(tmp_path, *grow) == []
    assert watched(tmp_path, nothing, nothing) == ["a.jpg"]


def test_an_empty_file_never_arrives(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert watched(tmp_path, nothing, nothing) == []


def test_a_picture_that_changes_later_arrives_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"1")
    assert watched(tmp_path, nothing, lambda: path.write_bytes(b"22"), nothing, nothing) == ["a.jpg", "a.jpg"]


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_what_lies_there_and_what_comes_is_retouched_until_ctrl_c(tmp_path: Path) -> None:
    shots, out = tmp_path / "shots", tmp_path / "shots" / "done"
    shots.mkdir()
    save(shots / "first.png", stand_in_backend.picture(1))
    report = tmp_path / "report.jsonl"
    argv = ["beautify", "--watch", shots, "-o", out, "--report", report]
    with subprocess.Popen(
        python(COMMAND, *argv), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            wait_for(child, out / "first.png")
            whole = save(tmp_path / "whole.png", stand_in_backend.picture(2)).read_bytes()
            with (shots / "second.png").open("wb") as file:  # as a camera writes it
                file.write(whole[:50])
                file.flush()
                time.sleep(0.3)
                file.write(whole[50:])
            wait_for(child, out / "second.png")
            # saved once more, and one that differs in its format alone
            first = (out / "first.png").stat().st_mtime_ns
            (shots / "first.png").write_bytes(whole)
            save(shots / "second.bmp", stand_in_backend.picture(1))
            wait_for(child, out / "second.bmp.png")
            deadline = time.monotonic() + PATIENCE
            while (out / "first.png").stat().st_mtime_ns == first:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            lines = report.read_text().splitlines()
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=PATIENCE)
        finally:
            child.kill()
    assert child.returncode == 130
    assert "Stopped: 4 pictures are done." in err
    assert results(out) == ["first.png", "second.bmp.png", "second.png"]
    assert len(lines) >= 3
    assert "--existing skip" not in err


def wait_for(child: "subprocess.Popen[str]", path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_watched_folder_must_be_there(run: Run, tmp_path: Path) -> None:
    ran = run("beautify", "--watch", tmp_path / "gone", "-o", tmp_path / "out")
    assert ran.code == 2
    assert "There is no folder" in ran.err
