"""The Python that runs the installer, where that is the one of the environment to be deleted."""

import os
import subprocess
import sys
from pathlib import Path

from install.checkout import VENV
from install.errors import InstallError


def can_be_deleted() -> bool:
    """Whether the system lets anybody delete a program that runs. Windows does not."""
    return os.name != "nt"


def check() -> None:
    """Raises InstallError, with the command to run in place of this one, if the environment cannot go now.

    It is asked before anything of it is deleted.
    """
    if can_be_deleted() or Path(sys.prefix).resolve() != VENV.resolve():
        return
    base = getattr(sys, "_base_executable", None) or "python"
    raise InstallError(
        f"This Python is the one in {VENV}, which Windows does not delete while it runs.",
        f"Run this in place of it: {subprocess.list2cmdline([base, *sys.orig_argv[1:]])}",
    )
