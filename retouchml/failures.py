"""Explains an exception in one sentence, and gives its exit code; tracebacks go to a log."""

import os
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from retouchml.errors import Cancelled, NoFaceError, RetouchError
from retouchml.system.failures import UNEXPECTED, is_disk_full
from retouchml.system.surroundings import names_foreign_packages
from retouchml.translation import marked

FAILED = 1
_WORST_FIRST = (FAILED, NoFaceError.exit_code, 0)
_LOGS_KEPT = 10
_TOO_LITTLE_MEMORY = marked("There is not enough memory.")
_LESS = marked("Close other programs, or scale the picture down.")
_NO_MEMORY = (
    "failed to map segment",
    "cannot allocate memory",
)  # the dynamic linker's words, of glibc and musl
_OUR_PACKAGES = ("retouchml", "pipeline", "stylegan2", "daemon")


def explain(error: BaseException) -> tuple[str, int]:
    """The sentence with its advice, and the exit code; writes a log of an error that should never happen."""
    sentences, code = explained(error)
    return " ".join(filter(None, sentences)), code


def explained(error: BaseException) -> tuple[tuple[str, ...], int]:
    """As ``explain``, each sentence for itself."""
    if isinstance(error, KeyboardInterrupt):
        error = Cancelled("Stopped.")
    if isinstance(error, RetouchError):
        return (error.message, error.advice), error.exit_code
    if isinstance(error, MemoryError):
        return (_TOO_LITTLE_MEMORY, _LESS), FAILED
    if isinstance(error, OSError) and error.strerror:
        return _explain_os_error(error), FAILED
    if isinstance(error, ImportError) and not _is_ours(error):
        return _explain_import(error), FAILED
    return _explain_bug(error), FAILED


def worst(codes: Sequence[int]) -> int:
    """The exit code of a command with several pictures: 1 is worse than 3, 3 worse than 0."""
    return next(code for code in _WORST_FIRST if code in codes)


def _explain_os_error(error: OSError) -> tuple[str, ...]:
    where = f"{error.filename}: " if isinstance(error.filename, str | os.PathLike) else ""
    if is_disk_full(error):
        return marked(f"{where}The disk is full."), marked("Make room there and try again.")
    return (f"{where}{error.strerror}.",)


def _explain_import(error: ImportError) -> tuple[str, ...]:
    # NumPy's sentence on a build for another Python is a page with an empty first line
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    if any(words in reason.lower() for words in _NO_MEMORY):
        return _TOO_LITTLE_MEMORY, _LESS
    package = _importing(error)
    sentence = f"{reason.rstrip('.')}." if reason else marked(f"The package {package} cannot be imported.")
    if names_foreign_packages():
        return sentence, marked(
            "PYTHONPATH names packages of another program: run `unset PYTHONPATH` and try again."
        )
    return sentence, marked("Run `retouchml doctor`: it says what to install.")


def _is_ours(error: ImportError) -> bool:
    return (error.name or _importing(error)).partition(".")[0] in _OUR_PACKAGES


def _importing(error: ImportError) -> str:
    """The module that raised it; ours if nothing is known."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return str(frames[-1].f_globals.get("__name__", "")) if frames else _OUR_PACKAGES[0]


def _explain_bug(error: BaseException) -> tuple[str, ...]:
    sentence = UNEXPECTED.format(error=type(error).__name__)
    try:
        log = _write_log(error)
    except Exception as second:
        return sentence, marked(
            f"No log could be written ({second}): RETOUCHML_DEBUG=1 shows the details here."
        )
    return sentence, marked(f"The details are in {log}; please send it to the developers.")


def _write_log(error: BaseException) -> Path:
    from retouchml import __version__, paths
    from retouchml.system.files import private_folder

    folder = private_folder(paths.cache_dir())
    logs = sorted(folder.glob("crash-*.log"), key=lambda log: log.stat().st_mtime)
    for old in logs[: max(len(logs) - _LOGS_KEPT + 1, 0)]:
        old.unlink(missing_ok=True)
    log = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{time.monotonic_ns():x}.log"
    # Arguments and local paths are in there: for this user's eyes alone.
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123
        file.write(f"retouchml {__version__}, Python {sys.version}, {sys.platform}\n{sys.argv}\n\n")
        file.writelines(traceback.format_exception(error))
    return log
