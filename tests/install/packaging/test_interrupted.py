"""A set-up whose download is cut in the middle: by the network, a kill, an editor that closes, a full disk.

A package index on this machine delivers half of a file. Each time nothing is found afterwards that is not
whole, and the next run finishes it.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.daemon.running import until
from tests.install.packaging import small_light
from tests.install.packaging.package_index import PATIENCE, Handler, serve
from tests.install.packaging.small_light import SmallLight
from tests.marks import marks_tests

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="as Linux ends processes")]


@pytest.fixture
@marks_tests("processes")
def small(built: tuple[Path, Path], tmp_path: Path) -> Iterator[SmallLight]:
    """A light installation whose packages come over HTTP."""
    made = small_light.make(tmp_path, built[0])
    with serve(made):
        yield made


_WAITS = "Another installation is at work in this checkout; waiting for it.\n"


def _is_found(small: SmallLight) -> bool:
    return (small.data / "install.json").exists()


def _goes_on(small: SmallLight) -> None:
    """Check that nothing passes for an engine, and that the next run makes one."""
    assert not _is_found(small)
    assert "Run `retouchml setup` first." in small.run("beautify", "x.png", "-o", "y.png").stderr
    Handler.half = ""
    Handler.is_over.set()
    outcome = small.run("setup")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert small.record()["python"] == str(small.engine / "bin" / "python")
    assert (next(small.engine.glob("lib/python*/site-packages")) / "pipeline" / "__init__.py").is_file()
    assert not (small.engine / "tmp").exists(), "pip's folder of halves is gone"
    assert not json.loads((small.engine / "retouchml-install.json").read_text())["busy"]


@pytest.mark.parametrize("name", ["retouchml_engine-", "torch-"])
def test_a_network_that_goes_in_the_middle_of_a_file(small: SmallLight, name: str) -> None:
    Handler.half = name
    Handler.is_over.set()  # hangs up at once
    outcome = small.run("setup", "--device", "cpu")
    assert outcome.returncode == 1
    # older versions of pip take the half for the whole, and then compare its hash
    assert any(words in outcome.stderr for words in ("connection broke", "wrong checksum", "pip failed")), (
        outcome
    )
    _goes_on(small)


def _half_is_here(process: "subprocess.Popen[bytes]") -> bool:
    end = time.monotonic() + PATIENCE
    while not Handler.is_half_sent.is_set() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    return Handler.is_half_sent.is_set()


def test_killed_in_the_middle_of_a_file(small: SmallLight) -> None:
    Handler.half = "retouchml_engine-"
    process = small.start("setup")
    assert _half_is_here(process)
    small_light.kill(process)
    _goes_on(small)


def test_killed_alone_what_it_started_is_waited_for(small: SmallLight) -> None:
    Handler.half = "retouchml_engine-"
    process = small.start("setup")
    assert _half_is_here(process)
    # from then on pip says nothing: it would end where nobody reads it any more
    assert until(lambda: any(small.engine.glob("tmp/pip-*/*.whl")), PATIENCE)
    os.kill(process.pid, signal.SIGKILL)  # pip goes on
    process.wait()
    Handler.half = ""
    following = subprocess.Popen(
        [str(small.light.python), "-u", "-m", "retouchml", "setup"],
        env={"PATH": os.environ["PATH"], "HOME": str(small.light.home), **small.changes},
        cwd=small.light.work,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with following:
        assert following.stdout is not None
        first = []
        for line in following.stdout:
            first.append(line)
            if line == _WAITS:
                break
        assert first[-1] == _WAITS, first
        Handler.is_over.set()
        rest = following.stdout.read()
    assert following.returncode == 0, rest
    assert _is_found(small)


_EDITOR = """
import sys, time
from retouchml import paths
from retouchml.setup.job import SetupJob

job = SetupJob(paths.data_dir())
job.start()
sys.stdin.read()
job.close()
print(job.state.phase.value)
"""


def test_an_editor_that_closes_in_the_middle_of_a_file(small: SmallLight) -> None:
    Handler.half = "retouchml_engine-"
    process = subprocess.Popen(
        [str(small.light.python), "-c", _EDITOR],
        env={"PATH": os.environ["PATH"], "HOME": str(small.light.home), **small.changes},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=small.light.work,
    )
    assert _half_is_here(process)
    said, _ = process.communicate(timeout=PATIENCE)
    assert said.decode().strip() == "stopped"
    _goes_on(small)


# the home is a disk of its own in a namespace of its own, which grows between the two runs
_ON_A_SMALL_DISK = """
mount -t tmpfs -o size=40m tmpfs "$RETOUCHML_HOME"
"$@"; echo "first: $?"
ls "$RETOUCHML_HOME/data/install.json" 2>/dev/null
mount -o remount,size=600m "$RETOUCHML_HOME"
"$@"; echo "second: $?"
ls "$RETOUCHML_HOME/data/install.json"
"""


def _run_on_a_small_disk(small: SmallLight) -> "subprocess.CompletedProcess[str]":
    command = [str(small.light.python), "-m", "retouchml", "setup"]
    return subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", _ON_A_SMALL_DISK, "sh", *command],
        env={"PATH": os.environ["PATH"], "HOME": str(small.light.home), **small.changes},
        cwd=small.light.work,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def _can_mount() -> bool:
    try:
        tried = subprocess.run(
            ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return tried.returncode == 0


@pytest.fixture
def disk_of_unknown_size(small: SmallLight) -> Callable[[], None]:
    """Lets the look at the free space pass: the disk fills later."""

    def let_pass() -> None:
        usage = "import shutil; shutil.disk_usage = lambda folder: shutil._ntuple_diskusage(*[10**12] * 3)"
        file = small.files / "install" / "disk_space.py"
        file.write_text(f"{usage}\n{file.read_text()}")

    return let_pass


@pytest.mark.skipif(shutil.which("unshare") is None or not _can_mount(), reason="nobody may mount here")
def test_a_disk_that_fills_in_the_middle(small: SmallLight, disk_of_unknown_size: Callable[[], None]) -> None:
    disk_of_unknown_size()
    engine = {"pipeline/__init__.py": "", "pipeline/large.txt": "0123456789abcdef" * (3 << 20)}  # 48 MB
    small.offer_engine({**small_light.ENGINE, **engine})
    wheel = next(small.packages.glob("retouchml_engine-*.whl"))
    record = {"wheel": wheel.name, "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()}
    (small.files / "engine.json").write_text(json.dumps(record))
    Path(small.changes["RETOUCHML_HOME"]).mkdir()
    outcome = _run_on_a_small_disk(small)
    lines = outcome.stdout.splitlines()
    first = lines.index("first: 1")
    assert "The disk is full" in outcome.stderr, outcome
    assert not any(line.endswith("install.json") for line in lines[: lines.index("second: 0")]), lines[first:]
    assert lines[-1].endswith("install.json")
