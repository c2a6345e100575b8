"""Tensors kept on disk by name, in a folder that does not grow past its bound.

One small file an entry: the SHA-256 of what follows, then safetensors. The entries used longest ago go when
the folder is full; a full disk or a damaged entry costs time, never the result.
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from retouchml.paths import private_dir

_DIGEST = hashlib.sha256().digest_size


class Store:
    """Entries below ``folder``, whose names end with ``ending``.

    bound: bytes in all; kind: of floats that entries hold
    """

    def __init__(self, folder: Path, ending: str, bound: int, kind: torch.dtype = torch.float32) -> None:
        self.folder = folder
        self._ending = ending
        self._bound = bound
        self._kind = kind

    def read(self, name: str) -> dict[str, Tensor] | None:
        """The entry's tensors, all finite and of the right kind; None for a missing or damaged entry."""
        path = self._path(name)
        try:
            content = path.read_bytes()
            if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
                return None
            tensors: dict[str, Tensor] = load(content[_DIGEST:])
        except (OSError, SafetensorError, KeyError, ValueError):
            return None
        if not all(x.dtype == self._kind and bool(torch.isfinite(x).all()) for x in tensors.values()):
            return None
        with suppress(OSError):
            os.utime(path)
        return tensors

    def write(self, name: str, tensors: Mapping[str, Tensor]) -> None:
        """Keep tensors if the disk has room for them; written at once or not at all."""
        packed = save({key: value.cpu().contiguous() for key, value in tensors.items()})
        content = hashlib.sha256(packed).digest() + packed
        try:
            private_dir(self.folder)
            self._make_room(len(content))
            handle, partial = tempfile.mkstemp(dir=self.folder, suffix=".partial")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                Path(partial).replace(self._path(name))
            except OSError:
                Path(partial).unlink(missing_ok=True)
        except OSError:
            return

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{self._ending}"

    def _make_room(self, needed: int) -> None:
        entries = []
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):  # another process makes room, too
                state = path.stat()
                entries.append((state.st_mtime, state.st_size, path))
        total = sum(size for _, size, _ in entries) + needed
        for _, size, path in sorted(entries):
            if total <= self._bound:
                return
            path.unlink(missing_ok=True)
            total -= size
