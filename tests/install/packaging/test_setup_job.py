"""A set-up that a plug-in starts, with the real installer and pip: done, cancelled, refused, gone on with."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.install.packaging import small_light
from tests.install.packaging.small_light import SmallLight
from tests.marks import marks_tests

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="kills processes")]

_PATIENCE = 120.0
_DRIVER = """
import json, sys, time
from dataclasses import asdict
from pathlib import Path
from retouchml import paths
from retouchml.setup.job import Phase, SetupJob

bundle, cancels_at = sys.argv[1:]
job = SetupJob(paths.data_dir())
job.look()
while job.state.is_busy:
    time.sleep(0.02)
plan = job.state.plan
job.start(bundle=Path(bundle) if bundle else None)
fractions, steps, models = [], [], 0
while job.state.is_busy:
    state = job.state
    fractions.append(state.fraction)
    models = max(models, state.fetched * (state.part == "models"))
    if state.step not in steps:
        steps.append(state.step)
        print(state.step, file=sys.stderr, flush=True)
    if cancels_at and state.step.startswith(cancels_at):
        job.cancel()
    time.sleep(0.005)
job.close()
state = job.state
print(json.dumps({
    "plan": plan and {**asdict(plan), "fetched": plan.fetched},
    "phase": state.phase.value, "problem": state.problem, "log": state.log, "steps": steps,
    "rises": fractions == sorted(fractions), "fraction": state.fraction,
    "models": max(models, state.fetched * (state.part == "models")),
}))
"""


@pytest.fixture
@marks_tests("processes")
def small(built: tuple[Path, Path], tmp_path: Path) -> SmallLight:
    """A light installation with a tiny engine to be had."""
    return small_light.make(tmp_path, built[0])


def _drive(
    small: SmallLight, *, bundle: str = "", cancels_at: str = "", **changes: str
) -> "dict[str, object]":
    outcome = small.light.run("-c", _DRIVER, bundle, cancels_at, **{**small.changes, **changes})
    assert outcome.returncode == 0, outcome.stderr
    answer: dict[str, object] = json.loads(outcome.stdout)
    return answer


def test_it_says_what_it_will_fetch_and_sets_up(small: SmallLight) -> None:
    answer = _drive(small)
    plan = answer["plan"]
    assert isinstance(plan, dict)
    assert plan["models"] == 5_000_000
    assert plan["folder"] == str(small.engine)
    assert plan["fetched"] == plan["packages"] + plan["torch"] + plan["models"]
    assert (answer["phase"], answer["problem"]) == ("done", "")
    assert answer["rises"]
    assert answer["models"] == 2_500_000, "the bytes of models are told, too"
    assert answer["fraction"] == 1.0
    assert small.record()["python"] == str(small.engine / "bin" / "python")


@pytest.mark.parametrize("step", ["virtual environment", "torch"])
def test_cancelled_it_leaves_no_engine_to_be_found_and_goes_on(small: SmallLight, step: str) -> None:
    answer = _drive(small, cancels_at=step)
    assert answer["phase"] == "stopped", answer["log"]
    assert not (small.data / "install.json").exists()
    assert _drive(small)["phase"] == "done"
    assert small.record()["python"] == str(small.engine / "bin" / "python")


def test_another_engine_than_its_own_is_refused_in_a_sentence(small: SmallLight) -> None:
    small.offer_engine({"pipeline/__init__.py": "evil = True\n"})
    answer = _drive(small)
    assert answer["phase"] == "failed"
    assert "wrong checksum" in str(answer["problem"])
    assert not (small.data / "install.json").exists()


def test_a_folder_in_place_of_the_network(ready: SmallLight, tmp_path: Path) -> None:
    bundle = tmp_path / "a bundle"
    assert ready.run("setup", "bundle", str(bundle)).returncode == 0
    shutil.rmtree(ready.data)
    offline = {"PIP_FIND_LINKS": (tmp_path / "nothing").as_uri(), "PIP_NO_MODELS": "1"}
    answer = _drive(ready, bundle=str(bundle), **offline)
    assert (answer["phase"], answer["problem"]) == ("done", "")


def test_a_full_disk_is_named(small: SmallLight) -> None:
    usage = "import shutil; shutil.disk_usage = lambda folder: shutil._ntuple_diskusage(10, 10, 0)"
    disk_space = small.files / "install" / "disk_space.py"
    disk_space.write_text(f"{usage}\n{disk_space.read_text()}")
    answer = _drive(small)
    assert answer["phase"] == "failed"
    assert "too full" in str(answer["problem"])
    assert not (small.data / "install.json").exists()


def test_an_editor_that_is_killed_leaves_nothing_half_made(small: SmallLight) -> None:
    process = subprocess.Popen(
        [str(small.light.python), "-c", _DRIVER, "", ""],
        env={"PATH": os.environ["PATH"], "HOME": str(small.light.home), **small.changes},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=small.light.work,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("the engine"):
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    # the set-up either ends with its reader or comes to its own end: never is half of it found
    end = time.monotonic() + _PATIENCE
    while _drive(small)["phase"] != "done":
        assert time.monotonic() < end
    assert small.record()["python"] == str(small.engine / "bin" / "python")
