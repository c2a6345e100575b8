"""The lists of the packages that were tested: complete, of exact versions, with hashes and nothing else."""

import importlib.metadata
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from install.actions import lock, tensorflow1
from install.checkout import TOP
from install.environment import requirements, stamp, torch_build
from install.environment.picture_formats import READERS

FILES = sorted(path.stem for path in requirements.FOLDER.glob("*.txt"))
TOGETHER = (requirements.PACKAGES, requirements.TORCH, requirements.DEV, *(each.extra for each in READERS))


def entries(name: str) -> list[str]:
    """Its requirements with their hashes, each on one line."""
    text = (requirements.FOLDER / f"{name}.txt").read_text().replace("\\\n", "")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def listed(*names: str) -> dict[str, str]:
    """Versions by the packages' names."""
    found = {}
    for entry in (entry for name in names for entry in entries(name)):
        requirement = Requirement(entry.split(" --hash", maxsplit=1)[0])
        (specifier,) = requirement.specifier
        assert requirement.name not in found, "two lists have it"
        found[canonicalize_name(requirement.name)] = specifier.version
    return found


def project() -> dict[str, Any]:
    with (TOP / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


@pytest.mark.parametrize("name", FILES)
def test_every_entry_is_an_exact_version_with_hashes(name: str) -> None:
    assert entries(name)
    for entry in entries(name):
        requirement, *hashes = entry.split(" --hash=")
        assert re.fullmatch(
            r"[a-z0-9.-]+={2,3}[0-9a-z.]+(\+(cpu|cu130))?(post\d+)?( ; [^#]+)?", requirement.strip()
        ), requirement
        assert hashes, f"{requirement} has no hash"
        for each in hashes:
            assert re.fullmatch(r"sha256:[0-9a-f]{64}", each.strip())


@pytest.mark.parametrize("path", sorted(requirements.FOLDER.iterdir()), ids=lambda path: path.name)
def test_no_list_names_an_index_or_a_folder(path: Path) -> None:
    assert not re.search(r"://|^\s*-(?!-hash)| @ |/home|/root|/tmp", path.read_text(), re.MULTILINE)


def test_what_the_project_needs_is_listed_in_versions_that_it_accepts() -> None:
    about = project()
    extras = about["project"]["optional-dependencies"]
    needed = [*about["project"]["dependencies"], *about["build-system"]["requires"], *extras["dev"]]
    needed += [line for reader in READERS for line in extras[reader.extra]]
    versions = listed(*TOGETHER)
    for requirement in map(Requirement, needed):
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not listed: run `python3 install lock`"
        assert requirement.specifier.contains(version), f"{requirement}: {version} is listed"


def test_all_readers_of_picture_formats_are_the_extra_formats() -> None:
    extra = project()["project"]["optional-dependencies"]["formats"]
    assert extra == [f"retouchml[{','.join(reader.extra for reader in READERS)}]"]


def test_the_versions_that_the_installer_names_are_the_listed_ones() -> None:
    assert listed(requirements.TORCH)["torch"] == torch_build.TORCH
    assert listed(requirements.TORCH_CPU)["torch"] == f"{torch_build.TORCH}+cpu"
    cuda = torch_build.CUDA_INDEX.rpartition("/")[2]
    assert listed(requirements.TORCH_CUDA_WINDOWS)["torch"] == f"{torch_build.TORCH}+{cuda}"
    assert listed(requirements.TENSORFLOW1)["tensorflow"] == tensorflow1._VERSION
    assert listed(requirements.TENSORFLOW1_GPU)["tensorflow-gpu"] == tensorflow1._VERSION


def test_torch_for_cuda_is_never_a_build_for_the_cpu_of_the_same_version() -> None:
    assert any(entry.startswith("torch===") for entry in entries(requirements.TORCH))


@pytest.mark.parametrize(("file", "build"), [(lock._TORCH_CPU, "cpu"), (lock._TORCH_CUDA_WINDOWS, "cu130")])
def test_torch_of_pytorchs_own_index_has_a_hash_for_each_processor_and_python(
    file: lock.File, build: str
) -> None:
    (entry,) = entries(file.name)
    assert entry.startswith(f"torch==={torch_build.TORCH}+{build} ")
    digests = re.findall(r"sha256:([0-9a-f]{64})", entry)
    assert len(set(digests)) >= len(file.systems) * len(file.pythons)


def test_these_tests_run_on_the_versions_that_are_listed() -> None:
    now = stamp.read()
    if now is None or now.project != stamp.project_digest():
        pytest.skip("this environment was not made from these lists")
    versions = listed(requirements.PACKAGES, requirements.DEV)
    here: dict[str, str] = {
        canonicalize_name(each.name): each.version for each in importlib.metadata.distributions() if each.name
    }
    assert {name: here[name] for name in versions if name in here} == {
        name: version for name, version in versions.items() if name in here
    }
    # without what is for other systems alone
    assert len(versions.keys() - here.keys()) <= 3


def test_pip_is_told_to_take_nothing_else() -> None:
    assert requirements.arguments("packages", "dev") == (
        *("--require-hashes", "--only-binary", ":all:"),
        *("--requirement", "install/requirements/packages.txt"),
        *("--requirement", "install/requirements/dev.txt"),
    )


def test_a_source_archive_is_built_by_what_is_there() -> None:
    assert requirements.arguments("tensorflow1", built="gast")[3:6] == (
        "--no-binary",
        "gast",
        "--no-build-isolation",
    )


def test_a_changed_list_changes_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "FOLDER", tmp_path)
    (tmp_path / "packages.txt").write_text("a")
    (tmp_path / "editors.txt").write_text("b")
    first = requirements.digest(), requirements.digest("editors")
    (tmp_path / "packages.txt").write_text("c")
    assert requirements.digest() != first[0]
    assert requirements.digest("editors") == first[1]
