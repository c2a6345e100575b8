"""The streams of the command line: results on stdout, the rest on stderr as ``retouchml: sentence``.

No control character passes, for names of files, models and networks are others' text.
"""

import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from retouchml import failures
from retouchml.errors import RetouchError
from retouchml.progress import Progress, silent
from retouchml.system.terminal import printable, printable_lines
from retouchml.translation import joined, translated

if TYPE_CHECKING:
    from retouchml.cli.progress_bar import ProgressBar


class OutputClosedError(Exception):
    """The reader of stdout has closed it (``retouchml edits | head -1``); nothing is reported for that."""


@dataclass(frozen=True)
class Explained:
    """An error for a person: the English sentence, what is shown in their language, and the exit code."""

    sentence: str
    shown: str
    code: int
    trace: str = ""  # with ``RETOUCHML_DEBUG=1``

    @classmethod
    def of(cls, error: BaseException, subject: str = "") -> "Explained":
        """Of an error, with ``subject`` if its sentence does not name that."""
        is_wanted = os.environ.get("RETOUCHML_DEBUG") == "1"
        trace = "".join(traceback.format_exception(error)).rstrip() if is_wanted else ""
        sentences, code = failures.explained(error)
        sentence = " ".join(filter(None, sentences))
        before = f"{subject}: " if subject and subject not in sentence else ""
        return cls(before + sentence, before + joined(*sentences), code, trace)


class Console:
    """The streams of a command; each may be None, as ``sys.stdout`` is where it was closed."""

    def __init__(self, out: TextIO | None, err: TextIO | None, in_: TextIO | None = None) -> None:
        self._out = out
        self._in = in_
        self._err = err
        self._told: Callable[[str], str] = str

    def tell_through(self, told: Callable[[str], str]) -> None:
        """From now on, give each text to a function, and show what that returns."""
        self._told = told

    def print(self, text: str) -> None:
        """Write ``text`` and a line end to stdout.

        Raises OutputClosedError if its reader has closed it, RetouchError if it cannot be written.
        """
        if self._out is not None:
            with self._out_errors():
                self._out.write(_encodable(printable_lines(self._told(text)), self._out) + "\n")

    def say(self, sentence: str) -> None:
        """As ``print``, for a sentence in English, which is shown in the user's language."""
        self.print(translated(sentence))

    def flush(self) -> None:
        """Send what stdout still buffers; raises as ``print`` does."""
        if self._out is not None:
            with self._out_errors():
                self._out.flush()

    def complain(self, sentence: str) -> None:
        """Write one line to stderr, after the command's name; a stderr that is closed or full is no error.

        sentence: in English; it is shown in the user's language
        """
        self._complain(translated(sentence))

    def report(self, error: BaseException, subject: str = "") -> tuple[str, int]:
        """Write one line on ``error``, with ``subject`` if its sentence does not name that.

        With ``RETOUCHML_DEBUG=1`` the traceback comes first. Returns the English sentence and the exit code.
        """
        explained = Explained.of(error, subject)
        self.show(explained)
        return explained.sentence, explained.code

    def show(self, explained: "Explained") -> None:
        """Write what ``report`` writes."""
        if explained.trace:
            self.trace(explained.trace)
        self._complain(explained.shown)

    def _complain(self, sentence: str) -> None:
        self.trace(f"retouchml: {printable(sentence)}")

    def trace(self, text: str, end: str = "\n") -> None:
        """Write ``text``, which may have several lines, to stderr."""
        if self._err is not None:
            with suppress(OSError, ValueError):
                self._err.write(_encodable(printable_lines(self._told(text)), self._err) + end)
                self._err.flush()

    def ask(self, question: str) -> str | None:
        """The answer to ``question``, typed on a terminal; None if stdin is no terminal.

        question: in English; it is shown in the user's language
        """
        if self._in is None or not self._in.isatty():
            return None
        self.trace(printable(translated(question)), end="")
        return self._in.readline().strip()

    @contextmanager
    def progress(self, label: str = "", *, quiet: bool = False) -> Iterator["ProgressBar | None"]:
        """A progress bar on stderr for the length of a block; None unless stderr is a terminal."""
        dumb = os.environ.get("TERM") == "dumb"
        if quiet or self._err is None or dumb or not self._err.isatty() or not _handles_escapes(self._err):
            yield None
            return
        from retouchml.cli.progress_bar import ProgressBar

        bar = ProgressBar(self._err, printable(label))
        try:
            yield bar
        finally:
            bar.close()

    @contextmanager
    def overall_progress(self, label: str = "", *, quiet: bool = False) -> Iterator[Progress]:
        """As ``progress``, for a whole retouch: one bar for all stages, which never runs backwards."""
        with self.progress(label, quiet=quiet) as bar:
            if bar is None:
                yield silent
                return
            from retouchml.cli.progress_bar import overall

            yield overall(bar)

    @contextmanager
    def _out_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._drop_out()
            if _is_closed_by_reader(error):
                raise OutputClosedError from None
            raise RetouchError(f"Standard output cannot be written: {error.strerror}.") from error

    def _drop_out(self) -> None:
        # The interpreter flushes stdout once more as it ends; that must not fail a second time.
        if self._out is sys.__stdout__ and self._out is not None:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._out.fileno())
            os.close(null)
        self._out = None


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _ESCAPES = 4  # ENABLE_VIRTUAL_TERMINAL_PROCESSING of SetConsoleMode

    def _handles_escapes(terminal: TextIO) -> bool:
        """Whether it understands escape sequences, which a console window has to be told to do."""
        window = wintypes.HANDLE(msvcrt.get_osfhandle(terminal.fileno()))
        mode = wintypes.DWORD()
        if not ctypes.windll.kernel32.GetConsoleMode(window, ctypes.byref(mode)):
            return False
        return bool(ctypes.windll.kernel32.SetConsoleMode(window, mode.value | _ESCAPES))
else:

    def _handles_escapes(_terminal: TextIO) -> bool:
        return True


def _is_closed_by_reader(error: OSError) -> bool:
    # Windows calls a pipe without a reader an invalid argument (https://bugs.python.org/issue35754)
    return isinstance(error, BrokenPipeError) or (sys.platform == "win32" and error.errno == errno.EINVAL)


def _encodable(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
