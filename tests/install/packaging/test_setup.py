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


def test_a_new_light_package_renews_the_engine(small: SmallLight) -> None:
    assert small.run("setup").returncode == 0
    look = small.light.packages / "retouchml" / "look.py"
    look.write_text(look.read_text() + "# newer\n")
    assert small.run("setup").returncode == 0
    assert (_site(small) / "retouchml" / "look.py").read_text().endswith("# newer\n")


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


def test_killed_in_the_middle_it_leaves_nothing_that_passes_for_whole(small: SmallLight) -> None:
    process = small.start("setup")
    stamp = small.engine / "retouchml-install.json"
    end = time.monotonic() + _PATIENCE
    while not (stamp.is_file() and json.loads(stamp.read_text())["busy"]):
        assert time.monotonic() < end
        time.sleep(0.01)
    small_light.kill(process)
    assert not (small.data / "install.json").exists()
    assert small.run("setup").returncode == 0
    assert not json.loads(stamp.read_text())["busy"]
    assert small.record()["python"] == str(small.engine / "bin" / "python")


def test_killed_in_a_repair_it_leaves_no_engine_to_be_found(small: SmallLight) -> None:
    assert small.run("setup", "--device", "cpu").returncode == 0
    before = small.record()
    stamp = small.engine / "retouchml-install.json"
    process = small.start("setup", "--repair")
    end = time.monotonic() + _PATIENCE
    while stamp.is_file():  # until the old environment goes
        assert time.monotonic() < end
        time.sleep(0.01)
    small_light.kill(process)
    assert not (small.data / "install.json").exists()
    assert small.run("setup").returncode == 0
    assert small.record() == before


def test_the_device_that_was_named_holds_for_later_runs(small: SmallLight) -> None:
    assert small.run("setup", "--device", "cpu").returncode == 0
    assert _device(small) == "cpu"
    assert small.run("setup", "--repair").returncode == 0
    assert _device(small) == "cpu"
    assert small.run("setup", "--device", "auto").returncode == 0
    assert _device(small) == "auto"


def _device(small: SmallLight) -> str:
    return str(json.loads((small.engine / "retouchml-install.json").read_text())["device"])


def test_an_update_that_cannot_fetch_leaves_the_engine_as_it_was(small: SmallLight, tmp_path: Path) -> None:
    assert small.run("setup").returncode == 0
    before = small.record()
    look = small.light.packages / "retouchml" / "look.py"
    look.write_text(look.read_text() + "# newer\n")
    assert small.run("setup", PIP_FIND_LINKS=(tmp_path / "nothing").as_uri()).returncode == 1
    assert small.record() == before


def test_a_damaged_engine_is_repaired_and_removed(small: SmallLight) -> None:
    assert small.run("setup").returncode == 0
    shutil.rmtree(_site(small) / "pipeline")
    damaged = small.run("models", "fetch")
    assert damaged.returncode == 1
    assert "Run `retouchml setup --repair`." in damaged.stderr
    assert small.run("setup", "--repair").returncode == 0
    assert (_site(small) / "pipeline" / "__init__.py").is_file()

    outcome = small.run("setup", "--remove", "--yes")
    assert outcome.returncode == 0, outcome.stderr
    assert f"virtual environment: {small.engine}" in outcome.stdout
    assert not small.engine.exists()
    assert not (small.data / "install.json").exists()


def test_a_bundle_sets_up_without_a_network(small: SmallLight, tmp_path: Path) -> None:
    assert small.run("setup").returncode == 0
    bundle = tmp_path / "a bundle"
    written = small.run("setup", "bundle", str(bundle))
    assert written.returncode == 0, written.stderr
    assert (bundle / "models" / "net" / "zoo.json").is_file()
    assert small.run("setup", "--remove", "--yes").returncode == 0

    offline = {"PIP_FIND_LINKS": (tmp_path / "nothing").as_uri(), "PIP_NO_MODELS": "1"}
    assert small.run("setup", **offline).returncode == 1
    outcome = small.run("setup", "--from", str(bundle), **offline)
    assert outcome.returncode == 0, outcome.stderr
    assert "the network is not used" in outcome.stdout
    assert (_site(small) / "pipeline" / "__init__.py").is_file()
    assert (small.data / "models" / "net" / "zoo.json").is_file()


def test_a_damaged_model_of_a_bundle_is_named_and_fetched_or_fails(small: SmallLight, tmp_path: Path) -> None:
    assert small.run("setup").returncode == 0
    bundle = tmp_path / "bundle"
    assert small.run("setup", "bundle", str(bundle)).returncode == 0
    whole = bundle / "models" / "net" / "net.bin"
    here = small.data / "models" / "net"
    shutil.rmtree(here)

    whole.write_text("weighty")
    offline = small.run("setup", "--from", str(bundle), PIP_NO_MODELS="1")
    assert offline.returncode == 1
    assert "Damaged in the bundle, and not taken from there: net (net.bin)." in offline.stderr
    assert "The models could not be fetched." in offline.stderr
    assert not here.exists()

    online = small.run("setup", "--from", str(bundle))
    assert online.returncode == 0
    assert "net (net.bin)" in online.stderr
    assert (here / "net.bin").read_text() == "weights"

    # and a damaged one of this machine is replaced by the bundle's
    whole.write_text("weights")
    (here / "net.bin").write_text("weighty")
    assert small.run("setup", "--from", str(bundle), PIP_NO_MODELS="1").returncode == 0
    assert (here / "net.bin").read_text() == "weights"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is one build of torch")
def test_another_build_of_torch_is_named_with_its_size_before_it_is_fetched(small: SmallLight) -> None:
    assert small.run("setup", "--device", "cpu").returncode == 0
    outcome = small.run("setup", "--device", "cuda")
    said = outcome.stdout.splitlines()
    assert "About 2700 MB are fetched: torch with CUDA." in said[1]
    assert "about 8.0 GB" in said[0]
    again = small.run("setup", "--device", "cpu")  # a build with CUDA runs on the CPU, too
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
