"""Files that are read: regular ones of bounded size only, so that no pipe hangs and no giant fills memory."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from retouchml import paths, settings
from retouchml.client import connection_file, launch
from retouchml.errors import DaemonAbsent, Refused
from retouchml.system.files import private_folder, read_bounded

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="of pipes and devices in a folder")


def pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


def giant(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(60 << 30)
    path.chmod(0o600)


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_bounded(path, 5) == b"12345"
    with pytest.raises(OSError, match="Larger than 4 bytes"):
        read_bounded(path, 4)


@pytest.mark.parametrize("make", [pipe, giant, Path.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_of_that_size_is_an_error_at_once(
    make: Callable[[Path], object], tmp_path: Path
) -> None:
    make(tmp_path / "file")
    with pytest.raises(OSError, match=r"regular|Larger|directory"):
        read_bounded(tmp_path / "file", 1000)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("make", [pipe, giant])
def test_settings_that_are_no_small_file_are_ignored_with_a_warning(
    make: Callable[[Path], None], home: Path
) -> None:
    path = home / "config.toml"
    make(path)
    stored, warnings = settings.load(path)
    assert stored == settings.Settings()
    assert warnings[0].startswith(f"{path} is ignored")


def test_a_pipe_in_place_of_a_connection_file_is_refused(home: Path) -> None:
    pipe(home / "connection.json")
    with pytest.raises(Refused):
        connection_file.read(home / "connection.json")


@pytest.mark.parametrize("make", [pipe, giant])
def test_an_install_record_that_is_no_small_file_is_one_sentence(
    make: Callable[[Path], None], home: Path
) -> None:
    make(private_folder(paths.data_dir()) / "install.json")
    with pytest.raises(DaemonAbsent, match="cannot be understood"):
        launch.find_interpreter()
