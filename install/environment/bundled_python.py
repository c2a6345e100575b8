"""Puts a Python into a bundle: one that uv brought, which runs in any folder (python-build-standalone)."""

import hashlib
import json
import os
import platform
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from install import processes
from install.console import Tick
from install.data_folders import find_folders
from install.errors import InstallError
from retouchml.system.bundles import PYTHON_RECORD, PYTHON_TOP, interpreters
from retouchml.system.files import write_atomically

_LOOK = "import ensurepip, ssl, sys, venv; print(sys.base_prefix)"


def write(folder: Path, version: str, tick: Tick) -> None:
    """Pack the newest one of a minor version, with its licence; the record comes last.

    version: such as "3.11". Raises InstallError if uv has brought none.
    """
    withdraw(folder)
    found = [each for root in _roots() for each in _of(root, version) if _runs(each, tick)]
    if not found:
        raise InstallError(
            f"uv has brought no Python {version} here, and a bundle takes no other: a system's own Python "
            "runs in no other place.",
            f"`uv python install {version}` brings one, then write the bundle again.",
        )
    source = max(found, key=_patch)
    if not any(path.is_file() for path in (source / "LICENSE.txt", *source.glob("lib/python3*/LICENSE.txt"))):
        raise InstallError(f"{source} has no licence text, and is not passed on without one.")
    full = ".".join(map(str, _patch(source)))
    archive = folder / f"python-{full}-{sys.platform}-{platform.machine().lower()}.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=6) as target:
        target.add(source, PYTHON_TOP, filter=_packed)
    with archive.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    record = {
        "file": archive.name,
        "sha256": digest,
        "version": full,
        "system": sys.platform,
        "machine": platform.machine().lower(),
    }
    write_atomically(folder / PYTHON_RECORD, (json.dumps(record, indent=2) + "\n").encode(), 0o644)


def withdraw(folder: Path) -> None:
    """Delete the Python that was written into a bundle before."""
    (folder / PYTHON_RECORD).unlink(missing_ok=True)
    for former in folder.glob("python-*.tar.gz"):
        former.unlink()


def _roots() -> Iterator[Path]:
    """The folders into which uv brings a Python: RetouchML's, then uv's own."""
    yield find_folders().data / "python"
    if own := os.environ.get("UV_PYTHON_INSTALL_DIR"):
        yield Path(own)
    elif sys.platform == "win32":
        yield Path(os.environ.get("APPDATA", Path.home()), "uv", "data", "python")
    else:
        data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        yield Path(data, "uv", "python")


def _of(root: Path, version: str) -> Iterator[Path]:
    for path in root.glob(f"cpython-{version}.*-*"):
        if path.is_dir() and not path.is_symlink() and _patch(path):
            yield path


def _patch(path: Path) -> tuple[int, ...]:
    """The version in a name such as cpython-3.11.9-linux-x86_64-gnu."""
    found = re.match(r"cpython-(\d+)\.(\d+)\.(\d+)-", path.name)
    return tuple(map(int, found.groups())) if found else ()


def _runs(root: Path, tick: Tick) -> bool:
    """Whether its interpreter works, and is at home there."""
    for interpreter in interpreters(root):
        outcome = processes.run([interpreter, "-I", "-c", _LOOK], tick)
        if outcome.code == 0 and Path(outcome.last_line).resolve() == root.resolve():
            return True
    return False


def _packed(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Without its owner's name; None for bytecode."""
    if "__pycache__" in member.name.split("/"):
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
