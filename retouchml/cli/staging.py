"""Files that appear all together, whole, or not at all.

A process that is killed outright leaves its temporary file behind; the next result that is written to the
same folder sweeps it away, once it is a day old.
"""

import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from retouchml.cli import output_files
from retouchml.errors import RetouchError

_OURS = re.compile(r"\.retouchml-([0-9a-f]{12}(\.[^/]*)?|[0-9a-f]{16}\.part)", re.DOTALL)
_ABANDONED = 24 * 3600.0  # seconds since it was last written to; no picture takes that long


class Staging:
    """Temporary files beside their targets, which ``commit`` moves into place and leaving the block removes.

    ``force`` allows to replace a target that exists.
    """

    def __init__(self, *, force: bool) -> None:
        self._force = force
        self._staged: dict[Path, Path] = {}
        self._swept: set[Path] = set()

    def __enter__(self) -> "Staging":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for temporary in self._staged.values():
            with suppress(OSError):
                temporary.unlink()

    @contextmanager
    def file(self, target: Path) -> Iterator[Path]:
        """A name to write the content of ``target`` under; errors in the block speak of ``target``."""
        name = f".retouchml-{secrets.token_hex(6)}{target.suffix}"
        temporary = output_files.real(target).with_name(name)
        self._staged[target] = temporary
        if temporary.parent not in self._swept:
            self._swept.add(temporary.parent)
            sweep(temporary.parent)
        try:
            yield temporary
        except RetouchError as error:
            message = error.message.replace(str(temporary), str(target)).replace(name, target.name)
            raise type(error)(message, error.advice) from error
        except OSError as error:
            error.filename = str(target)
            raise

    def write_text(self, target: Path, text: str) -> None:
        """Write ``text`` as the content of ``target``."""
        with self.file(target) as file:
            file.write_text(text, encoding="utf-8")

    def commit(self) -> None:
        """Move everything into place.

        Raises PictureUnwritable where a target has come into being in the meantime, and OSError.
        """
        for target in self._staged:
            output_files.check_free(target, force=self._force)
        for target, temporary in self._staged.items():
            output_files.copy_mode(target, temporary)
            os.replace(temporary, output_files.real(target))  # noqa: PTH105
        self._staged.clear()


def sweep(folder: Path) -> None:
    """Remove the temporary files in ``folder`` that a killed process of this user's left a day ago."""
    oldest = time.time() - _ABANDONED
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not _OURS.fullmatch(entry.name):
                continue
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                mine = not hasattr(os, "getuid") or status.st_uid == os.getuid()
                if stat.S_ISREG(status.st_mode) and mine and status.st_mtime < oldest:
                    os.unlink(entry.path)  # noqa: PTH108 - undecodable names, too
