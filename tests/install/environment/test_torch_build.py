"""The build of torch that a machine gets."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from install.checkout import TOP
from install.environment import accelerators, torch_build
from install.errors import InstallError


def fake_driver(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_what_no_retouch_uses_of_torch_is_dropped_and_nothing_else(tmp_path: Path) -> None:
    torch = tmp_path / "lib" / "python3.12" / "site-packages" / "torch"
    kept = {"lib/libtorch_cpu.so", "bin/torch_shm_manager", "testing/__init__.py", "__init__.py"}
    for place in (
        *kept,
        "test/test_api",
        "include/ATen/ATen.h",
        "bin/test_api",
        "bin/FileStoreTest",
        "bin/protoc",
    ):
        (torch / place).parent.mkdir(parents=True, exist_ok=True)
        (torch / place).touch()
    torch_build.drop_unused(tmp_path)
    assert {path.relative_to(torch).as_posix() for path in torch.rglob("*") if path.is_file()} == kept


@pytest.mark.skipif(sys.platform == "win32", reason="Windows gets torch's ordinary build")
def test_a_driver_that_is_new_enough_gets_the_build_with_cuda(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_driver(tmp_path, monkeypatch, "printf '580.65.06\\n580.65.06\\n'")
    choice = torch_build.choose(None, "linux")
    assert choice.kind == "cuda"
    (build,) = choice.builds
    assert build.arguments[-2:] == ("--requirement", "install/requirements/torch.txt")
    assert "--require-hashes" in build.arguments
    assert choice.note == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows gets torch's ordinary build")
def test_an_older_driver_gets_the_cpu_and_is_told_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_driver(tmp_path, monkeypatch, "echo 535.104.05")
    choice = torch_build.choose(None, "linux")
    assert choice.kind == "cpu"
    assert "535.104.5" in choice.note
    assert "580" in choice.note


@pytest.mark.parametrize("script", ["exit 9", "echo No devices were found", "echo", "echo [N/A]"])
def test_a_driver_that_does_not_work_counts_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    fake_driver(tmp_path, monkeypatch, script)
    assert torch_build.nvidia_driver() is None
    choice = torch_build.choose(None, "linux")
    assert (choice.kind, choice.note) == ("cpu", "")


def test_without_a_driver_a_cpu_build_is_tried_before_the_large_one_whose_size_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch_build, "nvidia_driver", lambda: None)
    small, large = torch_build.choose(None, "linux").builds
    assert small.arguments[-2:] == ("--requirement", "install/requirements/torch-cpu.txt")
    assert "--require-hashes" in small.arguments
    assert "--require-hashes" in large.arguments
    assert "GB" in large.title
    assert large.room > small.room


def test_every_build_is_listed_with_its_hash_or_held_to_the_file_that_came_first(
    light: pytest.MonkeyPatch,
) -> None:
    choices = [torch_build.choose("https://index.example/simple")]
    for gpu in ("nobody", "amd_gpu", "intel_gpu"):
        with light.context() as patch:
            patch.setattr(accelerators, gpu, lambda: "gfx1100", raising=False)
            choices += [torch_build.choose(None, system) for system in ("linux", "win32", "darwin")]
    choices += [torch_build.choose(None, "linux", device) for device in ("cpu", "cuda", "rocm", "xpu")]
    choices += [torch_build.choose(None, "win32", device) for device in ("cpu", "cuda", "xpu")]
    builds = {build for choice in choices for build in choice.builds}
    assert {build.kind for build in builds if not build.listed} == {"", "rocm", "xpu"}
    for build in builds:
        assert build.listed == ("--require-hashes" in build.arguments), build.title
        assert not (build.listed and build.then), build.title


def test_an_index_for_torch_is_used_for_torch_alone() -> None:
    (build,) = torch_build.choose("https://user:secret@index.example/simple", "linux").builds
    assert build.arguments[:3] == ("--index-url", "https://user:secret@index.example/simple", "--no-deps")
    # its libraries may be elsewhere
    assert build.then == ("--only-binary", ":all:", f"torch=={torch_build.TORCH}")
    at = build.arguments.index("--only-binary")
    assert build.arguments[at + 1] == ":all:"
    assert "secret" not in build.title


def test_what_is_installed_serves_unless_cuda_became_possible() -> None:
    cpu, cuda, index = (torch_build.Choice(variant, ()) for variant in ("cpu", "cuda", "index"))
    assert cpu.is_met_by(cpu.version)
    assert cpu.is_met_by(cuda.version)
    assert cpu.is_met_by(index.version)
    assert cuda.is_met_by(index.version)
    assert not cuda.is_met_by(cpu.version)
    rocm, xpu, mps = (torch_build.Choice(variant, ()) for variant in ("rocm", "xpu", "mps"))
    assert cpu.is_met_by(rocm.version)
    assert not rocm.is_met_by(cpu.version)
    assert not xpu.is_met_by(rocm.version)
    assert mps.is_met_by(cpu.version), "macOS has one build"
    assert not cpu.is_met_by("1.0 cpu")
    assert not cpu.is_met_by("")


def test_a_build_that_could_not_be_had_is_not_tried_at_every_set_up() -> None:
    fallback = replace(torch_build.CPU, kind="cpu")
    by_itself = torch_build.Choice("rocm", (torch_build.ROCM, fallback))
    installed = by_itself.version_of(fallback)
    assert by_itself.is_met_by(installed)
    assert torch_build.Choice("cpu", (torch_build.CPU,)).is_met_by(installed)
    assert not torch_build.Choice("rocm", (torch_build.ROCM,)).is_met_by(installed), "who asks for it gets it"
    assert not torch_build.Choice("xpu", (torch_build.XPU, fallback)).is_met_by(installed)
    assert not by_itself.is_met_by("1.0 cpu without rocm")


@pytest.mark.parametrize(
    ("system", "device"), [("win32", "rocm"), ("darwin", "rocm"), ("darwin", "xpu"), ("darwin", "cuda")]
)
def test_a_build_that_a_system_has_not_is_refused(system: str, device: str) -> None:
    with pytest.raises(InstallError, match="no torch with") as refused:
        torch_build.choose(None, system, device)
    assert "--device auto" in refused.value.advice


def test_the_torch_that_is_installed_is_one_that_the_project_accepts() -> None:
    import tomllib

    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    (requirement,) = (line for line in project["dependencies"] if line.startswith("torch"))
    oldest = requirement.removeprefix("torch>=").split(".")
    assert list(map(int, torch_build.TORCH.split("."))) >= list(map(int, oldest))


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_the_light_wheels_set_up_asks_before_it_takes_the_large_build(
    monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.setattr(torch_build, "IS_PACKAGED", True)
    monkeypatch.setattr(torch_build, "nvidia_driver", lambda: None)
    builds = torch_build.choose(None, "linux", device).builds
    assert builds == (torch_build.OFFICIAL_CPU, torch_build.CPU, torch_build.ASKED_LARGE)
    assert "2.7 GB" in builds[-1].question


def test_cuda_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_build, "nvidia_driver", lambda: None)
    assert torch_build.choose(None, "linux", "cuda").builds == (torch_build.CUDA,)


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The light wheel's set-up on a machine of the usual kind, without an NVIDIA card."""
    monkeypatch.setattr(torch_build, "IS_PACKAGED", True)
    monkeypatch.setattr(torch_build, "nvidia_driver", lambda: None)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    for name in ("amd_gpu", "intel_gpu"):
        monkeypatch.setattr(accelerators, name, lambda: "")
    return monkeypatch


@pytest.mark.parametrize(
    ("maker", "found", "kind", "version"),
    [
        ("amd_gpu", "gfx1100", "rocm", f"torch=={torch_build.TORCH}+rocm7.2"),
        ("intel_gpu", "0x56a0", "xpu", f"torch=={torch_build.TORCH}+xpu"),
    ],
)
def test_a_card_of_amd_or_intel_gets_its_build_and_the_small_one_stays_in_reserve(
    light: pytest.MonkeyPatch, maker: str, found: str, kind: str, version: str
) -> None:
    light.setattr(accelerators, maker, lambda: found)
    choice = torch_build.choose(None, "linux")
    assert choice.kind == kind
    first, *others = choice.builds
    assert first.arguments[:2] == ("--index-url", f"https://download.pytorch.org/whl/{version.split('+')[1]}")
    assert first.arguments[-1] == version
    assert "--no-deps" not in first.arguments, "its libraries are on that index, too"
    assert first.optional
    assert found in choice.note
    assert [build.arguments for build in others] == [
        each.arguments for each in (torch_build.OFFICIAL_CPU, torch_build.CPU, torch_build.ASKED_LARGE)
    ]
    # what was installed in the end is what the stamp says
    assert choice.version_of(first) == f"{torch_build.TORCH} {kind}"
    assert {choice.version_of(build) for build in others} == {f"{torch_build.TORCH} cpu without {kind}"}
    assert torch_build.SIZES[kind] > 500e6
    assert torch_build.choose(None, "linux", "cpu").kind == "cpu"
    assert torch_build.choose(None, "linux", kind).builds == (first,)


def test_an_nvidia_card_comes_first_and_other_processors_have_no_such_builds(
    light: pytest.MonkeyPatch,
) -> None:
    light.setattr(accelerators, "amd_gpu", lambda: "gfx1100")
    light.setattr("platform.machine", lambda: "aarch64")
    assert torch_build.choose(None, "linux").kind == "cpu"
    light.setattr("platform.machine", lambda: "x86_64")
    light.setattr(torch_build, "nvidia_driver", lambda: (580, 1))
    assert torch_build.choose(None, "linux").kind == "cuda"


@pytest.mark.parametrize(("machine", "kind"), [("arm64", "mps"), ("x86_64", "cpu")])
def test_the_build_of_macos_computes_on_apples_gpu(
    light: pytest.MonkeyPatch, machine: str, kind: str
) -> None:
    light.setattr("platform.machine", lambda: machine)
    choice = torch_build.choose(None, "darwin")
    assert (choice.kind, choice.builds) == (kind, (torch_build.ORDINARY,))
    assert torch_build.choose(None, "darwin", "cpu").kind == "cpu"


def test_windows_has_a_build_for_intels_cards_where_it_is_asked_for(light: pytest.MonkeyPatch) -> None:
    assert torch_build.choose(None, "win32", "xpu").builds == (torch_build.XPU,)
    assert torch_build.choose(None, "win32").builds == (torch_build.ORDINARY,)


def test_windows_has_cuda_from_pytorchs_own_index_for_a_card_that_serves(light: pytest.MonkeyPatch) -> None:
    (asked,) = torch_build.choose(None, "win32", "cuda").builds
    assert asked.arguments[:2] == ("--index-url", "https://download.pytorch.org/whl/cu130")
    # what torch needs is there by then, and its libraries are in it
    assert "--no-deps" in asked.arguments
    assert asked.arguments[-2:] == ("--requirement", "install/requirements/torch-cuda-windows.txt")
    light.setattr(torch_build, "nvidia_driver", lambda: (580, 1))
    choice = torch_build.choose(None, "win32")
    assert choice.kind == "cuda"
    first, second = choice.builds
    assert first == asked
    # the ordinary build is for the processor there, so it must not pass for CUDA
    assert second.arguments == torch_build.ORDINARY.arguments
    assert choice.version_of(second) == f"{torch_build.TORCH} cpu without cuda"
    assert torch_build.choose(None, "win32", "cpu").builds == (torch_build.ORDINARY,)
    light.setattr(torch_build, "nvidia_driver", lambda: (535, 1))
    choice = torch_build.choose(None, "win32")
    assert choice.builds == (torch_build.ORDINARY,)
    assert "535.1 is too old" in choice.note
