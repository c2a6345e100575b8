"""What a process inherits and cannot work with: a working folder that is gone, other programs' packages.

Called first in every process that loads the models, before it imports any third-party package: oneMKL ends a
process without a working folder, and PYTHONPATH, as ROS and conda set it, puts another NumPy before ours.
"""

import argparse
import os
import sys
import sysconfig
from contextlib import ExitStack, suppress
from importlib import import_module
from pathlib import Path

_TOP = str(Path(__file__).resolve().parents[2])


class _WorkingFolder:
    """Whether this process was started in a folder that is gone."""

    is_gone = False


def settle() -> None:
    """Start as if the folder and the packages were not there; does nothing where all is well."""
    search_own_packages_first()
    leave_missing_folder()


def leave_missing_folder() -> None:
    """Go to the top of the file system if the working folder is gone: a library ends the process there."""
    try:
        Path.cwd()
    except OSError:
        _WorkingFolder.is_gone = True
        os.chdir(Path(sys.executable).anchor or os.sep)


def load_torch_elsewhere() -> None:
    """Load torch now if the working folder is gone, and from a folder that exists; else do nothing.

    For scripts that use the Python interface: their process stays where it is, so that a relative name fails
    as it does everywhere. A command line is moved for good by ``leave_missing_folder``.
    """
    if sys.platform == "win32":  # which deletes no folder in use
        return
    try:
        Path.cwd()
    except OSError:
        with ExitStack() as back:
            with suppress(OSError):
                gone = os.open(os.curdir, os.O_RDONLY)
                back.callback(os.close, gone)
                back.callback(os.fchdir, gone)
            os.chdir(os.sep)
            with suppress(ImportError):  # told where it is used
                import_module("torch")


def file_path(text: str) -> Path:
    """A file name of the command line; the type of an argument.

    Raises argparse.ArgumentTypeError if it starts at a working folder that is gone.
    """
    if _WorkingFolder.is_gone and not Path(text).is_absolute():
        raise argparse.ArgumentTypeError(
            f"{text!r} cannot be found: the current folder was deleted. Go to another one with `cd`"
        )
    return Path(text)


def search_own_packages_first() -> None:
    """Move the folders of PYTHONPATH, and the current folder, to the end of ``sys.path``.

    Their packages are then used only where this Python has none of its own.
    """
    foreign = _foreign_folders()
    entries = [entry for entry in sys.path if _absolute(entry) not in foreign]
    if _TOP not in entries:
        entries.insert(0, _TOP)
    entries += [entry for entry in sys.path if entry and _absolute(entry) in foreign]
    sys.path[:] = dict.fromkeys(entries)


def search_path(top: str = _TOP) -> str:
    """PYTHONPATH for another process of this Python: ours in ``top``, its own packages, then what it was.

    The standard library stands before the packages, as always: old backports carry modules of its names.
    """
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    entries = [top, *_standard_library(), *_own_packages(), *before]
    return os.pathsep.join(dict.fromkeys(filter(None, entries)))


def names_foreign_packages() -> bool:
    """Whether PYTHONPATH has a folder that is not this project's or this Python's."""
    return bool(_in_pythonpath() - _own_folders())


def _foreign_folders() -> set[str]:
    foreign = _in_pythonpath()
    if not getattr(sys.flags, "safe_path", False):
        foreign.add(_absolute(""))  # `python -m` and `python -c` look there first
    return foreign - _own_folders()


def _in_pythonpath() -> set[str]:
    listed = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return {_absolute(entry) for entry in listed if entry}


def _own_folders() -> set[str]:
    return set(map(_absolute, (_TOP, *_standard_library(), *_own_packages())))


def _standard_library() -> list[str]:
    """The folders and the archive of this Python's standard library that ``sys.path`` has."""
    library = sysconfig.get_path("stdlib")
    modules = {library, sysconfig.get_path("platstdlib"), os.path.join(library, "lib-dynload")}  # noqa: PTH118
    return [entry for entry in sys.path if entry in modules]


def _own_packages() -> list[str]:
    """The folders of this Python's own third-party packages."""
    return [sysconfig.get_path(kind) for kind in ("purelib", "platlib")]


def _absolute(entry: str) -> str:
    try:
        return os.path.realpath(entry)
    except OSError:  # relative to a folder that is gone
        return entry
