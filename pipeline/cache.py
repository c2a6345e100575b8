"""Inversions kept by content, so that a photograph that was open before is ready at once.

The latest may stay in memory. On disk lies one small file an entry: the SHA-256 of what follows, then
safetensors. It is named by a hash of the crop, the generator and the recipe. The oldest go when the folder
grows past its bound; a full disk or a damaged entry costs time, never the result.
"""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load, save

from pipeline.invert import VERSION, Inversion
from retouchml.paths import cache_dir, private_dir

_BOUND = 256 * 2**20  # bytes in all
_SHAPE_LIMIT = 64  # layers; a larger entry is not ours
_DIGEST = hashlib.sha256().digest_size
_ENDING = ".inversion"


def key(crop: NDArray[np.float32], generator: str) -> str:
    """Name of the entry for a crop [S, S, 3] in [0, 1]: equal to 8 bits is equal."""
    digest = hashlib.sha256(f"{generator}/{VERSION}/{crop.shape}".encode())
    digest.update(np.rint(crop * 255.0).astype(np.uint8).tobytes())
    return digest.hexdigest()


class InversionCache:
    """Entries below ``folder``, by default ``inversions`` in the cache folder; the latest in memory, too.

    bound: bytes on disk; in_memory: entries, of about 50 kB each
    """

    def __init__(self, folder: Path | None = None, bound: int = _BOUND, in_memory: int = 0) -> None:
        self._folder = folder if folder is not None else cache_dir() / "inversions"
        self._bound = bound
        self._in_memory = in_memory
        self._latest: dict[str, Inversion] = {}

    def get(self, name: str) -> Inversion | None:
        """The kept inversion, or None."""
        known = self._latest.get(name)
        return known if known is not None else self._read(name)

    def _read(self, name: str) -> Inversion | None:
        path = self._folder / f"{name}{_ENDING}"
        try:
            content = path.read_bytes()
            if not _is_whole(content):
                return None
            tensors = load(content[_DIGEST:])
            w_plus, numbers = tensors["w_plus"], tensors["numbers"]
        except (OSError, SafetensorError, KeyError, ValueError):
            return None
        if w_plus.ndim != 2 or w_plus.shape[0] > _SHAPE_LIMIT or numbers.shape != (2,):
            return None
        if any(x.dtype != torch.float32 or not bool(torch.isfinite(x).all()) for x in (w_plus, numbers)):
            return None
        with suppress(OSError):
            os.utime(path)
        return Inversion(w_plus, float(numbers[0]), float(numbers[1]))

    def put(self, name: str, inversion: Inversion) -> None:
        """Keep an inversion, on disk if that has room; written at once or not at all."""
        self._latest[name] = inversion
        if len(self._latest) > self._in_memory:
            del self._latest[next(iter(self._latest))]
        tensors = save(
            {
                "w_plus": inversion.w_plus.cpu().contiguous(),
                "numbers": torch.tensor([inversion.loss, inversion.distance]),
            }
        )
        content = hashlib.sha256(tensors).digest() + tensors
        try:
            private_dir(self._folder)
            self._make_room(len(content))
            handle, partial = tempfile.mkstemp(dir=self._folder, suffix=".partial")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                Path(partial).replace(self._folder / f"{name}{_ENDING}")
            except OSError:
                Path(partial).unlink(missing_ok=True)
        except OSError:
            return

    def _make_room(self, needed: int) -> None:
        entries = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another process makes room, too
                state = path.stat()
                entries.append((state.st_mtime, state.st_size, path))
        total = sum(size for _, size, _ in entries) + needed
        for _, size, path in sorted(entries):
            if total <= self._bound:
                return
            path.unlink(missing_ok=True)
            total -= size


def _is_whole(content: bytes) -> bool:
    return hashlib.sha256(content[_DIGEST:]).digest() == content[:_DIGEST]
