"""Copies a plug-in into an editor's folder, whole or not at all, and removes it again.

A manifest in the folder names every file that was copied, with its digest. Files that somebody else adds to
the folder stay when the plug-in is renewed or removed.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from install.checkout import COMMAND_LINE
from install.errors import InstallError
from retouchml.system.file_names import PLUGIN_RECORD
from retouchml.system.files import write_atomically

MANIFEST = PLUGIN_RECORD
_BYTECODE = "__pycache__"


@dataclass(frozen=True)
class Manifest:
    """The copied files: their digests by place in the folder, and of files beside the folder by name.

    by: the command that put them there, which advice in the editor names; `BY_A_ZIP` for a zip
    """

    files: Mapping[str, str]
    beside: Mapping[str, str]
    by: str = COMMAND_LINE


def place(folder: Path, files: Mapping[str, Path], beside: Mapping[str, Path] | None = None) -> bool:
    """Make ``folder`` hold ``files``, by place in it; whether anything had to change.

    Files of a former installation that are not among ``files`` are removed.

    beside: files that belong into the folder's parent, by name

    Raises InstallError if the folder was not made by this installer.
    """
    beside = beside or {}
    manifest = Manifest(_digests(files), _digests(beside))
    if folder.exists() and read(folder) == manifest and _is_intact(folder, manifest):
        return False
    former = _read_own(folder) if folder.exists() else Manifest({}, {})
    folder.parent.mkdir(parents=True, exist_ok=True)
    # not below the parent itself, where editors look for plug-ins
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent.parent))
    try:
        new = draft / "new"
        _fill(new, files, manifest)
        if folder.exists():
            _keep_added(folder, new, former)
            folder.rename(draft / "old")
        new.rename(folder)
        for name, source in beside.items():
            write_atomically(folder.parent / name, source.read_bytes())
        for name in former.beside.keys() - manifest.beside.keys():
            (folder.parent / name).unlink(missing_ok=True)
    finally:
        if not folder.exists() and (draft / "old").exists():
            (draft / "old").rename(folder)
        shutil.rmtree(draft, ignore_errors=True)
    return True


def remove(folder: Path) -> list[Path]:
    """Remove what ``place`` copied, and return the files of others, which stay.

    Raises InstallError if the folder was not made by this installer.
    """
    manifest = _read_own(folder)
    for name in manifest.beside:
        (folder.parent / name).unlink(missing_ok=True)
    for relative in [*manifest.files, MANIFEST]:
        (folder / relative).unlink(missing_ok=True)
    for parent, _, _ in os.walk(folder, topdown=False):
        if Path(parent).name == _BYTECODE:
            shutil.rmtree(parent)
        with suppress(OSError):  # not empty, or removed already
            Path(parent).rmdir()
    return sorted(path for path in folder.rglob("*") if not path.is_dir())


def read(folder: Path) -> Manifest | None:
    """The manifest of a plug-in's folder; None if there is none or it cannot be understood."""
    try:
        content: Any = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        manifest = Manifest(dict(content["files"]), dict(content["beside"]), str(content.get("by", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    places = [PurePosixPath(relative) for relative in (*manifest.files, *manifest.beside)]
    return None if any(relative.is_absolute() or ".." in relative.parts for relative in places) else manifest


def text(manifest: Manifest) -> str:
    """A manifest as it stands in its file."""
    content = {"files": dict(manifest.files), "beside": dict(manifest.beside), "by": manifest.by}
    return json.dumps(content, indent=1) + "\n"


def _read_own(folder: Path) -> Manifest:
    manifest = read(folder)
    if manifest is None:
        raise InstallError(f"{folder} was not made by this installer.", "Move it away, then run this again.")
    return manifest


def _digests(files: Mapping[str, Path]) -> dict[str, str]:
    return {relative: _digest(path) for relative, path in sorted(files.items())}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_intact(folder: Path, manifest: Manifest) -> bool:
    expected = {folder / relative: digest for relative, digest in manifest.files.items()}
    expected |= {folder.parent / name: digest for name, digest in manifest.beside.items()}
    return all(path.is_file() and _digest(path) == digest for path, digest in expected.items())


def _fill(folder: Path, files: Mapping[str, Path], manifest: Manifest) -> None:
    folder.mkdir()
    for relative, source in files.items():
        target = folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
    (folder / MANIFEST).write_text(text(manifest), encoding="utf-8")


def _keep_added(old: Path, new: Path, former: Manifest) -> None:
    for path in old.rglob("*"):
        relative = path.relative_to(old).as_posix()
        if path.is_dir() or _BYTECODE in path.parts or relative in former.files or (new / relative).exists():
            continue
        (new / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, new / relative, follow_symlinks=False)
