"""``retouchml beautify`` and ``faces`` through a daemon: real processes, and a stand-in backend."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from daemon.pidfile import running_pid
from retouchml import paths
from retouchml.client.client import Client
from retouchml.system.files import private_folder
from tests.daemon.running import PATIENCE, ROOT, Daemon, environment, needs_posix, until
from tests.faulty_backend import FAULTY
from tests.stand_in_backend import SIDE
from tests.waiting import HELD, held, open_gate

pytestmark = pytest.mark.processes

# The command with a daemon that it starts itself, whose backend is the stand-in.
STARTING = f"""
import sys
from functools import partial
from retouchml.cli import daemon_backend
daemon_backend.connect = partial(daemon_backend.connect, start_options=["--backend", {FAULTY!r}])
from retouchml.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
# The command whose backend in this process only prints that it was made.
HERE = """
import sys
from retouchml.cli import context
def make(model, device, precision):
    print("in process", flush=True)
    raise SystemExit(7)
context.local_backend = make
from retouchml.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def run(*arguments: object, code: str = "") -> "subprocess.CompletedProcess[str]":
    start = ["-c", code] if code else ["-m", "retouchml"]
    command = [sys.executable, *start, *map(str, arguments)]
    return subprocess.run(
        command, env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def portrait(folder: Path, faces: int = 1, tenths: int = 0) -> Path:
    pixels = np.random.default_rng(faces).integers(0, 200, (24, 64, 3)).astype(np.uint8)
    pixels[0, 0, :2] = faces, tenths
    path = folder / "portrait.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def nothing_left(home: Path) -> Iterator[None]:
    """Ends a daemon that the command started."""
    yield
    pid = running_pid(paths.runtime_dir())
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        assert until(lambda: running_pid(paths.runtime_dir()) is None)


def test_a_picture_is_retouched_by_the_daemon(daemon: Daemon, tmp_path: Path) -> None:
    source, out, layer, said = portrait(tmp_path), *(tmp_path / name for name in ("o.png", "l.png", "r.json"))
    ran = run("beautify", source, "-o", out, "--layer", layer, "--json", said)
    assert (ran.returncode, ran.stderr) == (0, "")
    before, after = np.array(Image.open(source)), np.array(Image.open(out))
    box = (slice(3, 3 + SIDE), slice(2, 2 + SIDE))
    assert (after[box] == 255 - before[box]).all()
    assert (after != before).any(-1).sum() <= SIDE * SIDE
    alpha = np.array(Image.open(layer))[..., 3]
    assert (alpha == 255).sum() == (alpha[box] == 255).sum() == SIDE * SIDE
    report = json.loads(said.read_text())
    assert (report["device"], report["faces"][0]["score_after"]) == ("accelerator", 3.25)
    assert {"detect", "prepared", "total"} <= set(report["seconds"])
    assert daemon.status().workers[0].models == ("ffhq-mobile",)
    assert until(lambda: daemon.status().photos == 0)


def test_the_device_that_was_asked_for_does_the_work(daemon: Daemon, tmp_path: Path) -> None:
    source, said = portrait(tmp_path), tmp_path / "r.json"
    assert (
        run("beautify", source, "-o", tmp_path / "o.png", "--json", said, "--device", "cpu").returncode == 0
    )
    assert json.loads(said.read_text())["device"] == "cpu"


def test_faces_are_told_by_the_daemon(daemon: Daemon, tmp_path: Path) -> None:
    ran = run("faces", portrait(tmp_path, faces=2), "--json")
    assert [face["box"] for face in json.loads(ran.stdout)["faces"]] == [
        [2, 3, SIDE, SIDE],
        [12, 3, SIDE + 1, SIDE + 1],
    ]
    assert run("faces", portrait(tmp_path, faces=0)).returncode == 3


def test_each_face_has_a_look_of_its_own_at_the_daemon(daemon: Daemon, tmp_path: Path) -> None:
    options = ["--face", "0:strength=0", "--face", "1:preset=strong,teeth=0", "--json", "-"]
    ran = run("beautify", portrait(tmp_path, faces=2), "-o", tmp_path / "o.png", *options)
    first, second = json.loads(ran.stdout)["faces"]
    assert (first["patch"], second["patch"]) == ([0, 0, 0, 0], [12, 3, SIDE + 1, SIDE + 1])
    assert (first["preset"], first["look"]["strength"]) == ("natural", 0.0)
    assert (second["preset"], second["look"]["strength"], second["look"]["teeth"]) == ("strong", 1.0, 0.0)


def test_a_daemon_is_started_where_none_runs_and_leaves_by_itself(tmp_path: Path, nothing_left: None) -> None:
    out = tmp_path / "o.png"
    ran = run("beautify", portrait(tmp_path), "-o", out, code=STARTING)
    assert (ran.returncode, ran.stderr, out.exists()) == (0, "", True)
    with Client() as client:
        assert until(lambda: client.status().result(PATIENCE).photos == 0)
        assert client.status().result(PATIENCE).idle_exit == 1800.0


def test_two_commands_at_once_start_one_daemon(tmp_path: Path, nothing_left: None) -> None:
    source = portrait(tmp_path)
    command = [sys.executable, "-c", STARTING, "beautify", str(source), "--quiet", "-o"]
    both = [
        subprocess.Popen(
            [*command, str(tmp_path / name)], env=environment(), cwd=ROOT, stderr=subprocess.PIPE
        )
        for name in ("a.png", "b.png")
    ]
    assert [(child.communicate(timeout=PATIENCE)[1], child.returncode) for child in both] == [(b"", 0)] * 2
    with Client() as client:
        assert client.status().result(PATIENCE).pid == running_pid(paths.runtime_dir())


def test_without_the_daemon_nothing_is_started(home: Path, tmp_path: Path) -> None:
    ran = run("beautify", portrait(tmp_path), "-o", tmp_path / "o.png", "--no-daemon", code=HERE)
    assert (ran.returncode, ran.stdout, ran.stderr) == (7, "in process\n", "")
    assert not paths.runtime_dir().exists()


def test_where_no_daemon_can_be_started_that_is_one_sentence_and_the_work_is_done_here(
    home: Path, tmp_path: Path
) -> None:
    private_folder(paths.runtime_dir())
    paths.address_path().mkdir()
    ran = run("beautify", portrait(tmp_path), "-o", tmp_path / "o.png", code=HERE)
    assert (ran.returncode, ran.stdout) == (7, "in process\n")
    assert len(ran.stderr.splitlines()) == 1
    assert "is in the way" in ran.stderr
    assert "The work is done in this process." in ran.stderr


@needs_posix
def test_a_home_too_deep_for_a_socket_does_not_stop_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path / ("deep" * 30)))
    ran = run("faces", portrait(tmp_path), code=HERE)
    assert (ran.stdout, "107 are allowed" in ran.stderr) == ("in process\n", True)


@needs_posix
def test_ctrl_c_cancels_the_daemons_job_and_writes_nothing(daemon: Daemon, tmp_path: Path) -> None:
    out = tmp_path / "o.png"
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import sys; from retouchml.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "beautify", str(portrait(tmp_path, tenths=HELD)), "-o", str(out)]
    with subprocess.Popen(command, env=environment(), cwd=ROOT, stderr=subprocess.PIPE) as child:
        assert until(lambda: held() == 1)
        child.send_signal(signal.SIGINT)
        assert child.wait(PATIENCE) == 130
    assert not out.exists()
    assert until(lambda: not _is_busy(daemon) and daemon.status().photos == 0)


def test_a_daemon_killed_under_the_work_has_a_successor_that_does_it(
    start: Callable[..., Daemon], tmp_path: Path, nothing_left: None
) -> None:
    first, out = start(), tmp_path / "o.png"
    portrait(tmp_path, tenths=HELD)
    command = [sys.executable, "-c", STARTING, "beautify", str(tmp_path / "portrait.png"), "-o", str(out)]
    with subprocess.Popen(command, env=environment(), cwd=ROOT, stderr=subprocess.PIPE) as child:
        assert until(lambda: held() == 1)
        first.kill()
        open_gate()
        assert child.wait(PATIENCE) == 0
    assert out.exists()
    assert running_pid(paths.runtime_dir()) not in (None, first.process.pid)


def test_a_daemon_of_another_version_is_told_to_be_restarted_and_the_work_is_done_here(
    daemon: Daemon, tmp_path: Path
) -> None:
    newer = "import retouchml; retouchml.__version__ = '99.0'\n"
    ran = run("faces", portrait(tmp_path), code=newer + HERE)
    assert (ran.returncode, ran.stdout) == (7, "in process\n")
    assert "this is 99.0" in ran.stderr
    assert "retouchml daemon restart" in ran.stderr


def test_a_full_daemon_is_an_error_that_says_how_to_do_without(
    start: Callable[..., Daemon], tmp_path: Path
) -> None:
    daemon = start("--limits", "photos=1")
    daemon.photo()
    ran = run("beautify", portrait(tmp_path), "-o", tmp_path / "o.png")
    assert (ran.returncode, "--no-daemon" in ran.stderr) == (1, True)


def test_several_pictures_hold_one_photo_at_a_time(start: Callable[..., Daemon], tmp_path: Path) -> None:
    start("--limits", "photos=1")
    sources = []
    for index in range(3):
        (tmp_path / str(index)).mkdir()
        sources.append(portrait(tmp_path / str(index)).rename(tmp_path / f"{index}.png"))
    ran = run("beautify", *sources, "-o", tmp_path / "out")
    assert (ran.returncode, len(ran.stdout.splitlines())) == (0, 4)


def _is_busy(daemon: Daemon) -> bool:
    return bool(daemon.status().workers[0].state == "busy")
