"""Room on the disk, looked at before a large download."""

import shutil
from pathlib import Path

from install.errors import InstallError


def check_free_space(folder: Path, needed: int) -> None:
    """Raises InstallError if fewer than ``needed`` bytes are free on the disk of ``folder``."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InstallError(
            f"The disk of {folder} is too full: {needed / 1e9:.1f} GB are needed, "
            f"{free / 1e9:.1f} GB are free.",
            "Free some space, then run this again.",
        )
