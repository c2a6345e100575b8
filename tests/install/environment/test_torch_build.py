"""The build of torch that a machine gets."""

import os
import sys
from pathlib import Path

import pytest

from install.checkout import TOP
from install.environment import torch_build


def fake_driver(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


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
    assert small.arguments == ("--no-deps", "--only-binary", ":all:", f"torch=={torch_build.TORCH}+cpu")
    assert "--require-hashes" in large.arguments
    assert "GB" in large.title
    assert large.room > small.room


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
    assert not cpu.is_met_by("1.0 cpu")
    assert not cpu.is_met_by("")


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
