"""``python3 install tensorflow1`` with a real Python 3.7 and a real pip, in a checkout in small."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from install.environment import python37
from tests.install import small_checkout
from tests.install.small_checkout import SmallCheckout
from tests.marks import marks_tests
from tests.other_processes import wait_for

pytest.importorskip("fcntl", reason="signals and folders of POSIX")
pytestmark = pytest.mark.processes

NOWHERE = {"PATH": "/nonexistent", "HOME": "/nonexistent", "PYENV_ROOT": "/nonexistent", "CONDA_PREFIX": ""}


@pytest.fixture
def needs_python37() -> None:
    if python37.find() is None:
        pytest.skip("there is no Python 3.7 on this machine")


@pytest.fixture(scope="module")
@marks_tests("processes")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> SmallCheckout:
    """One that was set up for work already, so that a test waits for the engine alone."""
    checkout = small_checkout.make(tmp_path_factory.mktemp("tensorflow1"))
    assert checkout.run("dev").returncode == 0
    return checkout


def data(checkout: SmallCheckout) -> list[str]:
    """What lies in the data folder, but for the lock."""
    return sorted(path.name for path in (checkout.home / "data").iterdir() if path.suffix != ".lock")


@pytest.mark.usefixtures("needs_python37")
def test_it_is_made_once_and_removed_alone(checkout: SmallCheckout) -> None:
    first = checkout.run("tensorflow1")
    assert first.returncode == 0, first.stdout + first.stderr
    home = checkout.home / "data" / "tensorflow1"
    record = json.loads((home / "installed.json").read_text())
    version = "import sys, tensorflow, msgpack; print(sys.version_info[:2], tensorflow.__version__)"
    answer = subprocess.run([record["python"], "-c", version], capture_output=True, text=True, check=True)
    assert answer.stdout == "(3, 7) 1.15.5\n"
    assert "tensorflow1" in data(checkout)

    before = (home / "installed.json").stat().st_mtime_ns
    again = checkout.run("tensorflow1", PIP_FIND_LINKS="")
    assert again.returncode == 0
    assert "is there already" in again.stdout
    assert (home / "installed.json").stat().st_mtime_ns == before

    # One whose Python has gone is made anew.
    Path(record["python"]).unlink()
    assert checkout.run("tensorflow1").returncode == 0
    assert Path(record["python"]).exists()

    others = [name for name in data(checkout) if name != "tensorflow1"]
    assert others
    assert checkout.run("uninstall", "tensorflow1", "--yes").returncode == 0
    assert data(checkout) == others
    assert checkout.venv.exists()


@pytest.mark.usefixtures("needs_python37")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interruption_leaves_nothing_half_made(checkout: SmallCheckout, number: signal.Signals) -> None:
    part = checkout.home / "data" / ".tensorflow1.part"
    with checkout.start("tensorflow1") as process:
        wait_for(part.is_dir)
        process.send_signal(number)
        process.communicate(timeout=300)
    assert not (checkout.home / "data" / "tensorflow1").exists()
    assert part.exists() == (number == signal.SIGKILL)
    assert checkout.run("tensorflow1").returncode == 0
    assert not part.exists()
    assert checkout.run("uninstall", "tensorflow1", "--yes").returncode == 0


@pytest.mark.usefixtures("needs_python37")
def test_a_package_that_is_missing_is_one_sentence_and_leaves_nothing(checkout: SmallCheckout) -> None:
    failed = checkout.run("tensorflow1", PIP_FIND_LINKS="")
    assert failed.returncode == 1
    assert "tensorflow==1.15.5" in failed.stderr
    assert not [name for name in data(checkout) if "tensorflow1" in name]


def test_without_a_python_3_7_it_says_how_to_get_one(checkout: SmallCheckout) -> None:
    refused = checkout.run("tensorflow1", **NOWHERE)
    assert refused.returncode == 1
    assert refused.stderr.startswith("There is no Python 3.7")
    assert "pyenv install 3.7" in refused.stderr
    left_out = checkout.run("tensorflow1", "--if-possible", **NOWHERE)
    assert left_out.returncode == 0
    assert "left out" in left_out.stdout


@pytest.mark.parametrize("where", ["path", "pyenv", "conda", "environment of conda"])
@pytest.mark.parametrize(
    "answer", ["3.7 x86_64 True", "3.8 x86_64 True", "3.7 aarch64 True", "3.7 x86_64 False"]
)
def test_a_python_is_found_where_people_have_it_if_it_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, answer: str
) -> None:
    folders = {
        "path": "bin/python3.7",
        "pyenv": ".pyenv/versions/3.7.16/bin/python",
        "conda": "miniconda3/bin/python",
        "environment of conda": "miniforge3/envs/old/bin/python",
    }
    python = tmp_path / folders[where]
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\necho '{answer} {python}'\n")
    python.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("PYENV_ROOT", "CONDA_PREFIX", "CONDA_ROOT"):
        monkeypatch.delenv(name, raising=False)
    assert python37.find() == (python if answer == "3.7 x86_64 True" else None)
