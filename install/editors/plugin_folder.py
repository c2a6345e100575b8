"""Puts a plug-in into an editor's folder, whole or not at all, and takes just that away again.

A manifest in the folder names every file that was put there, with its digest. What somebody else adds to
the folder stays when the plug-in is renewed or removed.
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

from install.problem import Problem
from retouchml.system.files import write_atomically

MANIFEST = "retouchml-installed.json"
_BYTECODE = "__pycache__"


@dataclass(frozen=True)
class Manifest:
    """What was put there: digests by place in the folder, and of files beside the folder by name."""

    files: Mapping[str, str]
    beside: Mapping[str, str]


def place(folder: Path, files: Mapping[str, Path], beside: Mapping[str, Path] | None = None) -> bool:
    """Make ``folder`` hold ``files``, by place in it; whether anything had to change.

    beside: files that belong into the folder's parent, by name. What was there from an earlier installation
    and is no longer wanted goes. Raises Problem where the folder is somebody else's.
    """
    beside = beside or {}
    wanted = Manifest(_digests(files), _digests(beside))
    if folder.exists() and read(folder) == wanted and _is_intact(folder, wanted):
        return False
    former = _ours(folder) if folder.exists() else Manifest({}, {})
    folder.parent.mkdir(parents=True, exist_ok=True)
    # not below the parent itself, where editors look for plug-ins
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent.parent))
    try:
        new = draft / "new"
        _fill(new, files, wanted)
        if folder.exists():
            _keep_foreign(folder, new, former)
            folder.rename(draft / "old")
        new.rename(folder)
        for name, source in beside.items():
            write_atomically(folder.parent / name, source.read_bytes())
        for name in former.beside.keys() - wanted.beside.keys():
            (folder.parent / name).unlink(missing_ok=True)
    finally:
        if not folder.exists() and (draft / "old").exists():
            (draft / "old").rename(folder)
        shutil.rmtree(draft, ignore_errors=True)
    return True


def remove(folder: Path) -> list[Path]:
    """Remove what ``place`` put there; the files of others, which stay.

    Raises Problem where nothing is ours.
    """
    manifest = _ours(folder)
    for name in manifest.beside:
        (folder.parent / name).unlink(missing_ok=True)
    for place_ in [*manifest.files, MANIFEST]:
        (folder / place_).unlink(missing_ok=True)
    for parent, _, _ in os.walk(folder, topdown=False):
        if Path(parent).name == _BYTECODE:
            shutil.rmtree(parent)
        with suppress(OSError):  # not empty, or gone
            Path(parent).rmdir()
    return sorted(path for path in folder.rglob("*") if not path.is_dir())


def paths_of(folder: Path) -> list[Path]:
    """The folder, and what was put beside it; nothing where ``folder`` is not ours."""
    manifest = read(folder)
    return [] if manifest is None else [folder, *(folder.parent / name for name in manifest.beside)]


def read(folder: Path) -> Manifest | None:
    """The manifest of a plug-in's folder; None where there is none that can be understood."""
    try:
        content: Any = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        manifest = Manifest(dict(content["files"]), dict(content["beside"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    places = [PurePosixPath(place_) for place_ in (*manifest.files, *manifest.beside)]
    return None if any(place_.is_absolute() or ".." in place_.parts for place_ in places) else manifest


def _ours(folder: Path) -> Manifest:
    manifest = read(folder)
    if manifest is None:
        raise Problem(f"{folder} was not made by this installer.", "Move it away, then run this again.")
    return manifest


def _digests(files: Mapping[str, Path]) -> dict[str, str]:
    return {place_: _digest(path) for place_, path in sorted(files.items())}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_intact(folder: Path, manifest: Manifest) -> bool:
    there = {folder / place_: digest for place_, digest in manifest.files.items()}
    there |= {folder.parent / name: digest for name, digest in manifest.beside.items()}
    return all(path.is_file() and _digest(path) == digest for path, digest in there.items())


def _fill(folder: Path, files: Mapping[str, Path], manifest: Manifest) -> None:
    folder.mkdir()
    for place_, source in files.items():
        target = folder / place_
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
    content = {"files": dict(manifest.files), "beside": dict(manifest.beside)}
    (folder / MANIFEST).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _keep_foreign(old: Path, new: Path, former: Manifest) -> None:
    for path in old.rglob("*"):
        place_ = path.relative_to(old).as_posix()
        if path.is_dir() or _BYTECODE in path.parts or place_ in former.files or (new / place_).exists():
            continue
        (new / place_).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, new / place_, follow_symlinks=False)
