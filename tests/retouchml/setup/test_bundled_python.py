"""The Python of a bundle: what is unpacked, and what is refused."""

import errno
import hashlib
import io
import json
import os
import platform
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

from retouchml.errors import RetouchError
from retouchml.setup import bundled_python

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts"),
    pytest.mark.skipif(not hasattr(tarfile, "data_filter"), reason="such a Python unpacks none"),
]

# as a Python answers that can make an environment
_SCRIPT = "#!/bin/sh\nprintf '%b' \"3.12\\tTrue\\tTrue\\t$0\\n\"\n"


def write(bundle: Path, name: str = "python/bin/python3", **record: str) -> Path:
    """A bundle with an archive of one program, and its record; the archive."""
    archive = bundle / "python-3.12.1.tar.gz"
    with tarfile.open(archive, "w:gz") as target:
        member = tarfile.TarInfo(name)
        member.mode, member.size = 0o777, len(_SCRIPT)
        target.addfile(member, io.BytesIO(_SCRIPT.encode()))
    about = {
        "file": archive.name,
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "system": sys.platform,
        "machine": platform.machine().lower(),
    }
    (bundle / "python.json").write_text(json.dumps(about | record))
    return archive


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    folder.mkdir()
    return folder


def test_it_is_unpacked_for_this_user_alone(bundle: Path, tmp_path: Path) -> None:
    write(bundle)
    path = Path(bundled_python.bring(bundle, tmp_path / "own", "3.12"))
    assert path.is_relative_to(tmp_path / "own")
    assert path.stat().st_mode & 0o777 == 0o755, "nobody else may change it"
    assert path.parent.parent.stat().st_mode & 0o777 == 0o700
    assert bundled_python.bring(bundle, tmp_path / "own", "3.12") == str(path)


def test_one_for_another_machine_or_version_is_none(bundle: Path, tmp_path: Path) -> None:
    assert bundled_python.bring(bundle, tmp_path / "own", "3.12") == ""
    write(bundle, machine="another")
    assert bundled_python.bring(bundle, tmp_path / "own", "3.12") == ""
    write(bundle)
    assert bundled_python.bring(bundle, tmp_path / "own", "3.13") == ""
    assert not [*(tmp_path / "own").iterdir()]


@pytest.mark.parametrize(
    "name", ["python/bin/python3", "python/../../../python3", "/tmp/python3", "other/python3"]
)
def test_one_that_is_exchanged_or_leaves_its_folder_is_refused(
    bundle: Path, tmp_path: Path, name: str
) -> None:
    is_plain = name == "python/bin/python3"
    write(bundle, name, **({"sha256": "0" * 64} if is_plain else {}))
    with pytest.raises(RetouchError, match="is damaged, or is another one than its record says"):
        bundled_python.bring(bundle, tmp_path / "own", "3.12")
    assert not [*(tmp_path / "own").iterdir()]
    assert not [path for path in tmp_path.rglob("python3") if path.is_file()]


def test_where_there_is_no_room_the_bundle_is_not_said_to_be_damaged(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write(bundle)
    monkeypatch.setattr(shutil, "copyfile", is_full)
    with pytest.raises(RetouchError, match="No space left on device") as raised:
        bundled_python.bring(bundle, tmp_path / "own", "3.12")
    assert raised.value.advice == "Make room there and try again."
    assert not [*(tmp_path / "own").iterdir()]


def test_a_file_in_place_of_its_folder_is_said(bundle: Path, tmp_path: Path) -> None:
    write(bundle)
    (tmp_path / "own").touch()
    with pytest.raises(RetouchError, match=r"could not be unpacked into .*: File exists"):
        bundled_python.bring(bundle, tmp_path / "own", "3.12")


def test_its_archive_is_beside_its_record(bundle: Path, tmp_path: Path) -> None:
    archive = write(bundle, file="../elsewhere.tar.gz")
    archive.rename(tmp_path / "elsewhere.tar.gz")
    with pytest.raises(RetouchError):
        bundled_python.bring(bundle, tmp_path / "own", "3.12")
