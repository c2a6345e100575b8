"""Puts pictures into Krita, and reads their pixels afterwards."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.editors.krita.running import Krita

SRGB = "sRGB-elle-V2-srgbtrc.icc"
DTYPES: dict[str, np.dtype[Any]] = {
    "U8": np.dtype("<u1"),
    "U16": np.dtype("<u2"),
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
}


def as_krita(picture: NDArray[np.uint8], depth: str) -> NDArray[Any]:
    """[H, W, 3] of 8 bits in the order and depth of Krita's memory, opaque."""
    whole = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    if depth.startswith("F"):
        return (whole / 255.0).astype(DTYPES[depth])
    return whole[..., [2, 1, 0, 3]].astype(DTYPES[depth]) * (257 if depth == "U16" else 1)


def put(krita: Krita, pixels: NDArray[Any], folder: Path, depth: str = "U8", model: str = "RGBA") -> None:
    """Make the pixels the only layer of a new picture."""
    file = folder / "pixels"
    file.write_bytes(pixels.tobytes())
    height, width = pixels.shape[:2]
    profile = SRGB if model == "RGBA" else ""
    source = f"open({str(file)!r}, 'rb').read()"
    krita.run(f"make_picture({width}, {height}, {model!r}, {depth!r}, {profile!r}, {source})")


@dataclass(frozen=True)
class Result:
    """A picture before and after [H, W, 4]; box: x, y, width, height of the new layer's pixels."""

    before: NDArray[Any]
    after: NDArray[Any]
    box: tuple[int, int, int, int]

    @property
    def changed(self) -> NDArray[np.bool_]:
        """[H, W] the pixels that differ."""
        return np.asarray((self.before != self.after).any(-1))

    @property
    def changed_outside(self) -> int:
        """The number of those outside the box."""
        x, y, width, height = self.box
        outside = self.changed.copy()
        outside[y : y + height, x : x + width] = False
        return int(outside.sum())


def read(krita: Krita, expression: str, depth: str, folder: Path) -> NDArray[Any]:
    """All pixels [H, W, 4] of a document or a layer."""
    file = folder / "read"
    width, height = krita.run(
        f"doc.waitForDone(); open({str(file)!r}, 'wb').write(bytes({expression}"
        ".pixelData(0, 0, doc.width(), doc.height()))); answer = [doc.width(), doc.height()]"
    )
    return np.frombuffer(file.read_bytes(), DTYPES[depth]).reshape(height, width, -1)


def result(krita: Krita, before: NDArray[Any], depth: str, folder: Path) -> Result:
    """The picture with its newest layer."""
    x, y, width, height = krita.ask("bounds(doc.topLevelNodes()[1])")
    return Result(before, read(krita, "doc", depth, folder), (x, y, width, height))
