"""``retouchml setup`` from the light wheel: the engine's environment, whole or not at all."""

import json
import shutil
import sys
import time
from pathlib import Path

import pytest

from retouchml.system import setup_reports
from tests.install.packaging import small_light
from tests.install.packaging.small_light import SmallLight
from tests.marks import marks_tests

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="kills process groups")]

_PATIENCE = 120.0


@pytest.fixture
@marks_tests("processes")
def small(built: tuple[Path, Path], tmp_path: Path) -> SmallLight:
    """A light installation with a tiny engine to be had."""
    return small_light.make(tmp_path, built[0])


def _site(small: SmallLight) -> Path:
    return next(small.engine.glob("lib/python*/site-packages"))


def test_the_engine_is_set_up_apart_and_found_again(small: SmallLight) -> None:
    outcome = small.run("setup")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    lines = outcome.stdout.splitlines()
    # sizes come before anything is fetched
    assert "MB are fetched" in lines[1]
    assert "models 5 MB" in lines[1]
    assert small.record() == {
        "python": str(small.engine / "bin" / "python"),
        "version": "0.2.0",
        "checkout": str(small.engine),
        "setup": str(small.files),
    }
    assert (_site(small) / "pipeline" / "__init__.py").is_file()
    assert not (small.light.packages / "pipeline").exists()
    # the engine's package is this one, whatever an index has under the name
    here = (small.light.packages / "retouchml" / "look.py").read_bytes()
    assert (_site(small) / "retouchml" / "look.py").read_bytes() == here

    again = small.run("setup")
    assert again.returncode == 0
    assert "the engine and its packages" not in again.stdout

    handed_over = small.run("models", "fetch")
    assert (handed_over.returncode, handed_over.stderr) == (0, "")


def test_a_new_light_package_renews_the_engine(ready: SmallLight) -> None:
    look = ready.light.packages / "retouchml" / "look.py"
    look.write_text(look.read_text() + "# newer\n")
    assert ready.run("setup").returncode == 0
    assert (_site(ready) / "retouchml" / "look.py").read_text().endswith("# newer\n")


def test_another_engine_than_the_one_built_with_it_is_refused(small: SmallLight) -> None:
    small.offer_engine({"pipeline/__init__.py": "evil = True\n"})
    outcome = small.run("setup")
    assert outcome.returncode == 1
    assert "wrong checksum" in outcome.stderr
    assert not (small.data / "install.json").exists()
    assert not (_site(small) / "pipeline").exists()
    assert "Run `retouchml setup` first." in small.run("beautify", "x.png", "-o", "y.png").stderr

    small.offer_engine()
    assert small.run("setup").returncode == 0
    assert (_site(small) / "pipeline").is_dir()


def test_killed_in_a_repair_it_leaves_no_engine_to_be_found(ready: SmallLight) -> None:
    before = ready.record()
    stamp = ready.engine / "retouchml-install.json"
    process = ready.start("setup", "--repair")
    end = time.monotonic() + _PATIENCE
    while stamp.is_file():  # until the old environment goes
        assert time.monotonic() < end
        time.sleep(0.01)
    small_light.kill(process)
    assert not (ready.data / "install.json").exists()
    assert ready.run("setup").returncode == 0
    assert ready.record() == before


def test_the_device_that_was_named_holds_for_later_runs(ready: SmallLight) -> None:
    assert ready.run("setup", "--device", "cpu").returncode == 0
    assert _device(ready) == "cpu"
    assert ready.run("setup", "--repair").returncode == 0
    assert _device(ready) == "cpu"
    assert ready.run("setup", "--device", "auto").returncode == 0
    assert _device(ready) == "auto"


def _device(small: SmallLight) -> str:
    return str(json.loads((small.engine / "retouchml-install.json").read_text())["device"])


def test_an_update_that_cannot_fetch_leaves_the_engine_as_it_was(ready: SmallLight, tmp_path: Path) -> None:
    before = ready.record()
    nothing = {"PIP_FIND_LINKS": (tmp_path / "nothing").as_uri()}
    look = ready.light.packages / "retouchml" / "look.py"
    look.write_text(look.read_text() + "# newer\n")
    # the same engine's wheel is here
    assert ready.run("setup", **nothing).returncode == 0
    assert (_site(ready) / "retouchml" / "look.py").read_text().endswith("# newer\n")

    record = ready.files / "engine.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "sha256": "0" * 64}))
    assert ready.run("setup", **nothing).returncode == 1
    assert ready.record() == before
    assert not json.loads((ready.engine / "retouchml-install.json").read_text())["busy"]
    assert (_site(ready) / "pipeline" / "__init__.py").is_file()


def test_a_damaged_engine_is_repaired_and_removed(ready: SmallLight) -> None:
    shutil.rmtree(_site(ready) / "pipeline")
    damaged = ready.run("models", "fetch")
    assert damaged.returncode == 1
    assert "Run `retouchml setup --repair`." in damaged.stderr
    assert ready.run("setup", "--repair").returncode == 0
    assert (_site(ready) / "pipeline" / "__init__.py").is_file()

    outcome = ready.run("setup", "--remove", "--yes")
    assert outcome.returncode == 0, outcome.stderr
    assert f"virtual environment: {ready.engine}" in outcome.stdout
    assert not ready.engine.exists()
    assert not (ready.data / "install.json").exists()


_SET_UP_AGAIN = """
from retouchml.client import maintenance
said = maintenance.set_up_again()
print(said.text)
raise SystemExit(not said.succeeded)
"""


@pytest.mark.parametrize("damage", ["pipeline", "python"])
def test_an_editor_repairs_what_it_finds_damaged(ready: SmallLight, damage: str) -> None:
    before = ready.record()
    if damage == "python":
        (ready.engine / "bin" / "python").unlink()
    else:
        shutil.rmtree(_site(ready) / "pipeline")
    outcome = ready.light.run("-c", _SET_UP_AGAIN, **ready.changes)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert (_site(ready) / "pipeline" / "__init__.py").is_file()
    assert ready.run("models", "fetch").returncode == 0
    assert ready.record() == before


def test_the_engines_own_copy_of_the_set_up_is_not_what_editors_repair_it_with(ready: SmallLight) -> None:
    before = ready.record()
    python = str(ready.engine / "bin" / "python")
    assert (
        ready.light.run(
            "-c",
            f"import os; os.execv({python!r}, [{python!r}, '-m', 'retouchml', 'setup'])",
            **ready.changes,
        ).returncode
        == 0
    )
    assert ready.record() == before


def test_a_bundle_sets_up_without_a_network(ready: SmallLight, tmp_path: Path) -> None:
    bundle = tmp_path / "a bundle"
    written = ready.run("setup", "bundle", str(bundle))
    assert written.returncode == 0, written.stderr
    assert (bundle / "models" / "net" / "zoo.json").is_file()
    assert ready.run("setup", "--remove", "--yes").returncode == 0

    offline = {"PIP_FIND_LINKS": (tmp_path / "nothing").as_uri(), "PIP_NO_MODELS": "1"}
    assert ready.run("setup", **offline).returncode == 1
    outcome = ready.run("setup", "--from", str(bundle), **offline)
    assert outcome.returncode == 0, outcome.stderr
    assert "the network is not used" in outcome.stdout
    assert (_site(ready) / "pipeline" / "__init__.py").is_file()
    assert (ready.data / "models" / "net" / "zoo.json").is_file()


def test_a_damaged_model_of_a_bundle_is_named_and_fetched_or_fails(ready: SmallLight, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    assert ready.run("setup", "bundle", str(bundle)).returncode == 0
    whole = bundle / "models" / "net" / "net.bin"
    here = ready.data / "models" / "net"
    shutil.rmtree(here)

    whole.write_text("weighty")
    offline = ready.run("setup", "--from", str(bundle), PIP_NO_MODELS="1")
    assert offline.returncode == 1
    assert "Damaged in the bundle, and not taken from there: net (net.bin)." in offline.stderr
    assert "The models could not be fetched." in offline.stderr
    assert not here.exists()

    online = ready.run("setup", "--from", str(bundle))
    assert online.returncode == 0
    assert "net (net.bin)" in online.stderr
    assert (here / "net.bin").read_text() == "weights"

    # and a damaged one of this machine is replaced by the bundle's
    whole.write_text("weights")
    (here / "net.bin").write_text("weighty")
    assert ready.run("setup", "--from", str(bundle), PIP_NO_MODELS="1").returncode == 0
    assert (here / "net.bin").read_text() == "weights"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is no such build")
def test_a_device_that_cannot_be_had_is_tried_when_it_is_named_and_not_at_every_set_up(
    ready: SmallLight,
) -> None:
    before = ready.record()
    refused = ready.run("setup", "--device", "rocm")
    assert refused.returncode == 1
    assert "`retouchml setup` goes on without it; with `--device rocm` it is tried again." in refused.stderr
    assert ready.record() == before
    again = ready.run("setup")
    assert (again.returncode, again.stderr) == (0, "")
    assert "ROCm" not in again.stdout
    # what was named before it holds again
    assert ready.run("setup", "--device", "cpu").returncode == 0
    assert ready.run("setup", "--device", "rocm").returncode == 1
    assert _device(ready) == "cpu"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is one build of torch")
def test_another_build_of_torch_is_named_with_its_size_before_it_is_fetched(ready: SmallLight) -> None:
    outcome = ready.run("setup", "--device", "cuda")
    said = outcome.stdout.splitlines()
    assert "About 2700 MB are fetched: torch with CUDA." in said[1]
    assert "about 8.0 GB" in said[0]
    again = ready.run("setup", "--device", "cpu")  # a build with CUDA runs on the CPU, too
    assert "MB are fetched" not in again.stdout


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (None, "no complete bundle"),
        ({"system": "plan9"}, "is for RetouchML"),
        ({"version": "9.9"}, "RetouchML 9.9"),
    ],
)
def test_a_bundle_that_does_not_fit_is_refused(
    small: SmallLight, tmp_path: Path, record: dict[str, str] | None, sentence: str
) -> None:
    import platform

    if record is not None:
        python = ".".join(map(str, sys.version_info[:2]))
        kind = {"version": "0.2.0", "system": sys.platform, "machine": platform.machine(), "python": python}
        (tmp_path / "bundle.json").write_text(json.dumps(kind | record))
    outcome = small.run("setup", "--from", str(tmp_path))
    assert outcome.returncode == 1
    assert sentence in outcome.stderr
    assert not small.engine.exists()


def test_a_program_can_ask_what_would_be_fetched_and_nothing_is_done(small: SmallLight) -> None:
    installer = str(small.files / "install")
    outcome = small.light.run(installer, "engine", "--plan", **small.changes, RETOUCHML_SETUP_REPORTS="1")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    reports = [setup_reports.parse(line) for line in outcome.stdout.splitlines()]
    (plan,) = [report["plan"] for report in reports if "plan" in report]
    assert plan["models"] == 5_000_000
    assert plan["folder"] == str(small.engine)
    assert not small.engine.exists()
