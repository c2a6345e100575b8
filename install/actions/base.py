"""The two kinds of rows in ``table``: actions, and parts that ``uninstall`` removes."""

import argparse
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path

from install.console import Console
from install.data_folders import Folders


class Action(ABC):
    """Something that ``python3 install NAME`` does.

    summary:        for ``--help``, without a full stop
    passes_to_pytest: whether arguments that the installer does not know become ``arguments.pytest``
    replaces_environment: whether it may delete the virtual environment, or what is in it
    """

    summary: str
    passes_to_pytest = False
    replaces_environment = False

    @abstractmethod
    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare its options."""

    @abstractmethod
    def run(self, arguments: argparse.Namespace, console: Console) -> int:
        """Do it; the exit code. Raises InstallError or OSError."""


class Part(ABC):
    """Something on this machine that ``uninstall NAME`` lists and removes.

    title:          for people
    used_by_daemon: whether a running daemon uses it, and is stopped first
    """

    title: str
    used_by_daemon = False

    @abstractmethod
    def installed(self, folders: Folders) -> list[Path]:
        """Its files and folders that exist."""

    def remove(self, path: Path, console: Console) -> None:  # noqa: ARG002
        """Remove one of them. Raises InstallError or OSError."""
        delete(path)


def add_torch_index(parser: argparse.ArgumentParser) -> None:
    """Declare the option of all actions that set up the virtual environment."""
    parser.add_argument("--torch-index", metavar="URL", help="take torch from this package index")


def existing(paths: Iterable[Path]) -> list[Path]:
    """Those of ``paths`` that exist, links to nothing among them."""
    return [path for path in paths if path.exists() or path.is_symlink()]


def delete(path: Path) -> None:
    """Delete a file, a link or a folder with all that is in it."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path)
