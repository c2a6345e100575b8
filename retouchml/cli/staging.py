"""Files that appear all together, whole, or not at all.

A process that is killed outright leaves its temporary file behind. Whoever has a claim on the picture gives
it a name that the next one with that claim knows, and removes; the next result that is written to the same
folder removes any other once it is a day old.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from retouchml.cli import output_files
from retouchml.system import files

_ABANDONED = 24 * 3600.0  # seconds since it was last written to; no picture takes that long


class Staging:
    """Temporary files beside their targets: ``commit`` moves them into place, leaving the block removes them.

    ``force`` allows to replace a target that exists. claim: of a picture, at which nobody else works; "" for
    none.
    """

    def __init__(self, *, force: bool, claim: str = "") -> None:
        self._force, self._claim = force, claim
        self._temporaries: dict[Path, Path] = {}  # by target
        self._swept: set[Path] = set()

    def __enter__(self) -> "Staging":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for temporary in self._temporaries.values():
            with suppress(OSError):
                temporary.unlink()

    @contextmanager
    def file(self, target: Path) -> Iterator[BinaryIO]:
        """A file, open for writing and reading, for the content of ``target``.

        An OSError of the block, or of closing the file, names ``target``.
        """
        temporary = _temporary(target, self._claim)
        if temporary.parent not in self._swept:
            self._swept.add(temporary.parent)
            files.sweep(temporary.parent, _ABANDONED)
        self._temporaries[target] = temporary
        try:
            with files.new_file(temporary) as file:
                yield file
        except OSError as error:
            error.filename = str(target)
            raise

    def write_text(self, target: Path, text: str) -> None:
        """Write ``text`` as the content of ``target``."""
        with self.file(target) as file:
            file.write(text.encode())

    def commit(self) -> None:
        """Move everything into place.

        Raises PictureUnwritable if a target has come into being in the meantime, and OSError.
        """
        from pipeline.pictures import check_target

        for target in self._temporaries:
            check_target(target, force=self._force, keep_links=True)
        for target, temporary in self._temporaries.items():
            files.move_into_place(temporary, output_files.real(target))
        self._temporaries.clear()


def remove_left(targets: Iterable[Path], claim: str) -> None:
    """Remove what a killed process with that claim left of these files."""
    for target in targets:
        with suppress(OSError):
            _temporary(target, claim).unlink(missing_ok=True)


def _temporary(target: Path, claim: str) -> Path:
    path = output_files.real(target)
    if not claim:
        return path.with_name(files.temporary_name())
    key = hashlib.sha256(os.fsencode(f"{claim}\0{path}")).digest()
    return path.with_name(files.temporary_name(key))
