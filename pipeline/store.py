"""A store of tensors on disk by name, in a folder of bounded size.

An entry is a small file: the SHA-256 of what follows, then safetensors. When the folder is full, the entries
used longest ago are removed. A full disk or a damaged entry costs time, never the result.
"""

import hashlib
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from retouchml.system import files

_LONGEST = 16 << 20  # bytes of an entry; the largest of ours, a path of a large network, has 2 MB
_ABANDONED = 3600.0  # seconds; a half-written entry of that age is a killed worker's
_DIGEST = hashlib.sha256().digest_size


class Store:
    """A folder of entries."""

    def __init__(
        self,
        folder: Path,
        suffix: str,  # of the files
        bound: int,  # bytes of all entries together
        dtype: torch.dtype = torch.float32,  # of the tensors
    ) -> None:
        self.folder = folder
        self._suffix = suffix
        self._bound = bound
        self._dtype = dtype
        self._is_swept = False

    def read(self, name: str) -> dict[str, Tensor] | None:
        """The tensors of an entry, all finite and of the store's dtype; None if it is missing or damaged."""
        path = self._path(name)
        try:
            content = files.read_bounded(path, _LONGEST)
            if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
                return None
            tensors: dict[str, Tensor] = load(content[_DIGEST:])
        except (OSError, SafetensorError, KeyError, ValueError):
            return None
        if not all(x.dtype == self._dtype and bool(torch.isfinite(x).all()) for x in tensors.values()):
            return None
        with suppress(OSError):
            os.utime(path)
        return tensors

    def write(self, name: str, tensors: Mapping[str, Tensor]) -> None:
        """Write an entry, at once or not at all; does nothing if the disk has no room."""
        packed = save({key: value.cpu().contiguous() for key, value in tensors.items()})
        content = hashlib.sha256(packed).digest() + packed
        try:
            files.private_folder(self.folder)
            self._sweep()
            self._make_room(len(content))
            files.write_atomically(self._path(name), content, 0o600, durable=False)
        except OSError:
            return

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{self._suffix}"

    def _sweep(self) -> None:
        if not self._is_swept:
            self._is_swept = True
            files.sweep(self.folder, _ABANDONED)

    def _make_room(self, needed: int) -> None:
        entries = []
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):  # another process removed it to make room
                state = path.lstat()
                if stat.S_ISREG(state.st_mode):
                    entries.append((state.st_mtime, state.st_size, path))
        total = sum(size for _, size, _ in entries) + needed
        for _, size, path in sorted(entries):
            if total <= self._bound:
                return
            path.unlink(missing_ok=True)
            total -= size
