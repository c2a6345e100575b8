"""Files that appear all together, whole, or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from retouchml import targets
from retouchml.errors import RetouchError


class Staging:
    """Temporary files beside their targets, which ``commit`` moves into place and leaving the block removes.

    ``force`` allows to replace a target that exists.
    """

    def __init__(self, *, force: bool) -> None:
        self._force = force
        self._staged: dict[Path, Path] = {}

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
        temporary = targets.real(target).with_name(name)
        self._staged[target] = temporary
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
            targets.check_free(target, force=self._force)
        for target, temporary in self._staged.items():
            with suppress(FileNotFoundError):
                shutil.copymode(target, temporary)
            os.replace(temporary, targets.real(target))  # noqa: PTH105
        self._staged.clear()
