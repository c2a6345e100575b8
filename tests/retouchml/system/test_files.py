"""Files that are written whole or not at all, and folders of this user alone."""

import os
import stat
import sys
from pathlib import Path

import pytest

from retouchml.system import files

has_modes = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write_half(path: Path) -> None:
    with files.atomic_file(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt


def test_a_file_is_replaced_in_one_go_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with files.atomic_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        write_half(path)
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="folder"):
        files.write_atomically(tmp_path / "folder", b"new")
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(FileNotFoundError):
        files.write_atomically(tmp_path / "nowhere" / "file", b"new")


@has_modes
def test_a_new_file_has_the_mode_of_any_and_a_replaced_one_keeps_its_own(tmp_path: Path) -> None:
    path = tmp_path / "file"
    former = os.umask(0o027)
    try:
        files.write_atomically(path, b"new")
        assert mode_of(path) == 0o640
        path.chmod(0o604)
        files.write_atomically(path, b"newer")
        assert mode_of(path) == 0o604
        files.write_atomically(path, b"newest", 0o644)
        assert mode_of(path) == 0o644
    finally:
        os.umask(former)


@has_modes
def test_a_secret_file_is_at_no_time_readable_by_others(tmp_path: Path) -> None:
    with files.atomic_file(tmp_path / "secret", 0o600) as file:
        file.write(b"key")
        (temporary,) = tmp_path.iterdir()
        assert mode_of(temporary) == 0o600
    assert mode_of(tmp_path / "secret") == 0o600


@has_modes
def test_a_private_folder_is_made_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        made = files.private_folder(tmp_path / "a" / "b")
    finally:
        os.umask(former)
    assert mode_of(made) == 0o700


@has_modes
def test_a_private_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    files.private_folder(shared)
    assert mode_of(shared) == 0o755
