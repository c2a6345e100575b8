"""Installs the plug-in into a profile of Krita as a user does: ``python3 install krita``."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def install_into(profile: Path, *arguments: str, home: Path) -> str:
    """Run the installer for the Krita of that profile; its output.

    home: RETOUCHML_HOME, where the plug-in finds this checkout's Python
    """
    environment = {
        **os.environ,
        "XDG_CONFIG_HOME": str(profile / ".config"),
        "XDG_DATA_HOME": str(profile / ".local" / "share"),
        "RETOUCHML_HOME": str(home),
    }
    python = Path(sys.base_prefix) / "bin" / "python3"
    command = [python, "install", *(arguments or ("krita",))]
    outcome = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, check=False, text=True, timeout=900
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    output: str = outcome.stdout
    return output
