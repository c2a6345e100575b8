"""The Python that uv or a bundle brought, as a part to remove. ``retouchml.setup`` brings it."""

import os
import sys
from pathlib import Path

from install.actions.base import Part, delete, existing
from install.console import Console
from install.data_folders import Folders


class BroughtPython(Part):
    """It lies in the data folder, for the engine alone."""

    title = "the Python that was fetched for the engine"
    used_by_daemon = True

    def installed(self, folders: Folders) -> list[Path]:
        """Its folder."""
        return existing([folders.data / "python"])

    def remove(self, path: Path, console: Console) -> None:
        """Remove it, but for a Python that Windows cannot delete because it runs this."""
        if os.name == "nt" and Path(sys.executable).resolve().is_relative_to(path.resolve()):
            console.say(f"{path} runs this command, and is yours to delete.")
            return
        delete(path)
