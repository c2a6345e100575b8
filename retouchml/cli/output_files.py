"""Where the results of ``retouchml beautify`` go. ``retouchml.output`` checks that they can be written."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from retouchml.errors import UsageError

LAYER_SUFFIXES = (".png", ".tif", ".tiff")
SUFFIXES = (*LAYER_SUFFIXES, ".jpg", ".jpeg", ".jpe", ".webp")  # of the formats that are written


@dataclass(frozen=True)
class OutputFiles:
    """One picture to retouch, and the files that its results are written to."""

    source: Path
    picture: Path
    compare: Path | None = None
    layer: Path | None = None

    @property
    def targets(self) -> tuple[Path, ...]:
        """All files to be written."""
        return tuple(target for target in (self.picture, self.compare, self.layer) if target is not None)


@dataclass(frozen=True)
class Outputs:
    """The output files of all pictures of a command, and the folders that they need."""

    pictures: tuple[OutputFiles, ...]
    folders: tuple[Path, ...]


def locate(
    sources: Sequence[Path], picture: str, *, compare: str | None = None, layer: str | None = None
) -> Outputs:
    """The output files of each of ``sources``, from the values of ``--output``, ``--compare``, ``--layer``.

    A value is a folder if there are several sources, if it ends with a slash, or if it is an existing folder.
    A result in a folder has the name of its source. It becomes a PNG if the source's format cannot be
    written; a layer becomes a PNG unless it is a TIFF.

    Raises UsageError for a layer in a format without transparency.
    """
    several = len(sources) > 1
    values = (picture, compare, layer)
    in_folder = {value: _is_folder(value, several) for value in values if value is not None}

    def place(value: str, source: Path) -> Path:
        if not in_folder[value]:
            return Path(value)
        target = Path(value) / source.name
        return target if target.suffix.lower() in SUFFIXES else target.with_suffix(".png")

    def place_layer(value: str, source: Path) -> Path:
        target = place(value, source)
        if target.suffix.lower() in LAYER_SUFFIXES:
            return target
        if not in_folder[value]:
            raise UsageError(f"The layer {target} must be a PNG or a TIFF.", "Give it a name that ends so.")
        return target.with_suffix(".png")

    pictures = tuple(
        OutputFiles(
            source,
            place(picture, source),
            place(compare, source) if compare is not None else None,
            place_layer(layer, source) if layer is not None else None,
        )
        for source in sources
    )
    return Outputs(pictures, tuple(Path(value) for value, is_folder in in_folder.items() if is_folder))


def _is_folder(value: str, several: bool) -> bool:
    slashes = tuple(filter(None, (os.sep, os.altsep)))  # Windows has two
    return several or value.endswith(slashes) or Path(value).is_dir()
