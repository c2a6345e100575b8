"""Paths of this installer: in a checkout, or in the light wheel, whose set-up it is.

The light wheel has this package and what it needs in ``retouchml/setup/files``. The environment that it makes
lies in the user's data folder then.
"""

import os
from pathlib import Path

from install.user_folders import default_folders

TOP = Path(__file__).resolve().parent.parent

ENGINE_RECORD = "engine.json"
"""The file in the light wheel that names the engine's wheel and its SHA-256."""

ENGINE_WHEELS = Path("retouchml", "setup", "files", "wheels")
"""A folder of the light package with the engine's wheel, in packages that bring both."""

IS_PACKAGED = (TOP / ENGINE_RECORD).is_file()
"""Whether this is the light wheel's set-up, and no checkout."""

SOURCE = TOP.parents[2] if IS_PACKAGED else TOP
"""The folder that holds ``retouchml/``."""

VENV = default_folders().data / "engine" if IS_PACKAGED else TOP / ".venv"
HOME = VENV if IS_PACKAGED else TOP
"""Where the installation belongs: an environment that was made for another place does not work."""

COMMAND_LINE = "retouchml setup" if IS_PACKAGED else "python3 install"
"""How this installer is called."""

SET_UP = COMMAND_LINE if IS_PACKAGED else f"{COMMAND_LINE} demo"
"""The command that sets the engine up."""

PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
COMMAND = PYTHON.with_name("retouchml.exe" if os.name == "nt" else "retouchml")

# files of the installer itself; the lock, the log and the hashes are kept when the environment is made anew
LOCK = VENV / "retouchml-install.lock"
STAMP = VENV / "retouchml-install.json"
LOG = VENV / "retouchml-install.log"
FIRST_HASHES = VENV / "retouchml-first.sha256"
ENGINE_KEPT = VENV / "retouchml-engine"
"""A folder with the engine's wheel, which is kept as well: no index needs to have it any more then."""

SET_UP_COPIES = default_folders().data / "setup"
"""Where the light wheel's set-up is copied to if no other can make the environment anew."""

PORTRAIT = TOP / "pipeline" / "portrait" / "astronaut.png"
ZOO = TOP / "stylegan2" / "zoo" / "zoo.toml"
DEMO = TOP / "demo"
