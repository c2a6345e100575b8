"""Paths in this checkout."""

import os
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
VENV = TOP / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
COMMAND = PYTHON.with_name("retouchml.exe" if os.name == "nt" else "retouchml")

# files of the installer itself; the lock and the log are kept when the environment is made anew
LOCK = VENV / "retouchml-install.lock"
STAMP = VENV / "retouchml-install.json"
LOG = VENV / "retouchml-install.log"

PORTRAIT = TOP / "pipeline" / "portrait" / "astronaut.png"
ZOO = TOP / "stylegan2" / "zoo" / "zoo.toml"
DEMO = TOP / "demo"

ENGINE_RECORD = "engine.json"
"""The file in the light wheel that names the engine's wheel and its SHA-256."""
