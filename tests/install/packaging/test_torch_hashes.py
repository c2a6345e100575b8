"""torch's files have to be the listed ones, or those that came first, on every way of a set-up.

A package index on this machine exchanges them.
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install import small_checkout
from tests.install.packaging import small_light
from tests.install.packaging.package_index import Handler, serve
from tests.install.packaging.small_light import SmallLight
from tests.marks import marks_tests

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there are other builds"),
]

ROCM, LIBRARY = "2.13.0+rocm7.2", "3.7.1"


@pytest.fixture
@marks_tests("processes")
def small(built: tuple[Path, Path], tmp_path: Path) -> Iterator[SmallLight]:
    """A light installation whose packages come over HTTP, torch with ROCm and its library among them."""
    made = small_light.make(tmp_path, built[0])
    small_checkout.write_wheel(made.packages, "torch", ROCM, needs="triton-rocm")
    small_checkout.write_wheel(made.packages, "triton_rocm", LIBRARY)
    with serve(made):
        yield made


def exchange(small: SmallLight, name: str, version: str, needs: str = "") -> None:
    """Put another file of the same name in the place of a wheel; Python runs a part of it at every start."""
    modules = {f"{name}.py": "evil = True\n", f"{name}_evil.pth": "import sys\n"}
    small_checkout.write_wheel(small.packages, name, version, modules, needs)


def installed(environment: Path, name: str) -> list[str]:
    """What is in an environment of a package, whatever it is."""
    return sorted(path.name for path in environment.glob(f"lib/python*/site-packages/{name}*"))


def is_found(small: SmallLight) -> bool:
    """Whether editors and the command line find an engine."""
    return (small.data / "install.json").exists()


def noted(small: SmallLight) -> dict[str, str]:
    """SHA-256 by file name of what came first."""
    lines = (small.engine / "retouchml-first.sha256").read_text().splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


def sha256(small: SmallLight, name: str) -> str:
    return hashlib.sha256((small.packages / name).read_bytes()).hexdigest()


def test_another_torch_for_the_cpu_than_the_listed_one_is_refused(small: SmallLight) -> None:
    exchange(small, "torch", "2.13.0+cpu")
    outcome = small.run("setup", "--device", "cpu")
    assert outcome.returncode == 1
    assert "torch===2.13.0+cpu" in outcome.stderr
    assert "wrong checksum" in outcome.stderr
    assert not is_found(small)
    assert installed(small.engine, "torch") == []

    small_checkout.write_wheel(small.packages, "torch", "2.13.0+cpu")
    outcome = small.run("setup", "--device", "cpu")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert is_found(small)


def test_a_build_that_no_list_has_must_stay_the_one_that_came_first(small: SmallLight) -> None:
    outcome = small.run("setup", "--device", "rocm")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    torch, library = f"torch-{ROCM}-py3-none-any.whl", f"triton_rocm-{LIBRARY}-py3-none-any.whl"
    first = {name: sha256(small, name) for name in (torch, library)}
    assert noted(small) == first

    # each of its files, also where the environment is made anew
    exchange(small, "triton_rocm", LIBRARY)
    outcome = small.run("setup", "--repair")
    assert outcome.returncode == 1
    assert f"{library} is another file than the one that came first" in outcome.stderr
    assert first[library] in outcome.stderr
    assert sha256(small, library) in outcome.stderr
    assert not is_found(small)
    assert noted(small) == first
    assert small.run("setup").returncode == 1
    assert not is_found(small)
    assert installed(small.engine, "torch") + installed(small.engine, "triton") == []

    small_checkout.write_wheel(small.packages, "triton_rocm", LIBRARY)
    outcome = small.run("setup")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert is_found(small)

    # whoever knows why may take the new one
    exchange(small, "torch", ROCM, needs="triton-rocm")
    assert small.run("setup", "--repair").returncode == 1
    file = small.engine / "retouchml-first.sha256"
    file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if torch not in line))
    assert small.run("setup").returncode == 0
    assert noted(small) == {**first, torch: sha256(small, torch)}


def test_a_torch_of_an_index_that_is_given_must_stay_the_one_that_came_first(small: SmallLight) -> None:
    index = ("--torch-index", small.changes["PIP_INDEX_URL"])
    for wheel in small.packages.glob("torch-*"):
        wheel.unlink()
    small_checkout.write_wheel(small.packages, "torch", "2.13.0")
    assert small.run("setup", *index).returncode == 0
    exchange(small, "torch", "2.13.0")
    outcome = small.run("setup", "--repair", *index)
    assert outcome.returncode == 1
    assert "torch-2.13.0-py3-none-any.whl is another file than the one that came first" in outcome.stderr
    assert not is_found(small)
    assert installed(small.engine, "torch") == []


def test_an_exchanged_torch_gets_into_no_checkouts_environment(tmp_path: Path) -> None:
    index = tmp_path / "index" / "torch"
    index.mkdir(parents=True)
    wheel = small_checkout.write_wheel(index, "torch", "2.13.0+cu999")
    (index / "index.html").write_text(f'<a href="{wheel.name.replace("+", "%2B")}">{wheel.name}</a>')
    checkout = small_checkout.make(tmp_path)
    command = ("demo", "--torch-index", index.parent.as_uri())
    settings = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": index.parent.as_uri()}
    outcome = checkout.run(*command, **settings)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "torch.py" in installed(checkout.venv, "torch")

    modules = {"torch.py": "evil = True\n", "torch_evil.pth": "import sys\n"}
    small_checkout.write_wheel(index, "torch", "2.13.0+cu999", modules)
    (checkout.venv / "retouchml-install.json").unlink()  # the environment is made anew
    outcome = checkout.run(*command, **settings)
    assert outcome.returncode == 1
    assert f"{wheel.name} is another file than the one that came first" in outcome.stderr
    assert "retouchml.pth" in installed(checkout.venv, "retouchml")  # there would be something to import it
    assert installed(checkout.venv, "torch") == []


def test_a_file_that_is_not_what_the_index_states_is_refused_the_first_time(small: SmallLight) -> None:
    name = f"torch-{ROCM}-py3-none-any.whl"
    Handler.stated = {name: sha256(small, name)}
    exchange(small, "torch", ROCM, needs="triton-rocm")
    outcome = small.run("setup", "--device", "rocm")
    assert outcome.returncode == 1
    assert "wrong checksum" in outcome.stderr
    assert installed(small.engine, "torch") == []
    assert not (small.engine / "retouchml-first.sha256").exists()


def test_a_bundle_takes_no_other_file_than_the_one_that_came_first(small: SmallLight, tmp_path: Path) -> None:
    assert small.run("setup", "--device", "rocm").returncode == 0
    exchange(small, "torch", ROCM, needs="triton-rocm")
    bundle = tmp_path / "bundle"
    outcome = small.run("setup", "bundle", str(bundle))
    assert outcome.returncode == 1
    assert "is another file than the one that came first" in outcome.stderr
    assert not (bundle / "bundle.json").exists()
    assert not [*bundle.glob("wheels/torch*")]

    small_checkout.write_wheel(small.packages, "torch", ROCM, needs="triton-rocm")
    (small.engine / "retouchml-first.sha256").rename(small.engine / "kept")  # as an earlier version left it
    outcome = small.run("setup", "bundle", str(bundle))
    assert outcome.returncode == 1
    assert f"The SHA-256 of torch-{ROCM}-py3-none-any.whl was not noted when it came" in outcome.stderr
    assert not (bundle / "bundle.json").exists()
    assert not [*bundle.glob("wheels/torch*")]

    (small.engine / "kept").rename(small.engine / "retouchml-first.sha256")
    outcome = small.run("setup", "bundle", str(bundle))
    assert (outcome.returncode, outcome.stderr) == (0, "")
    kept = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in bundle.glob("wheels/t*")}
    assert kept == noted(small)
