#!/usr/bin/env python3
"""GIMP runs this file; the installer gives it the name of its folder, as GIMP wants."""

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE))

import gi  # noqa: E402 (GIMP starts this file alone, so the folder must be told first)

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")

from gi.repository import Gimp  # noqa: E402

from plugin_gimp.procedure import RetouchML  # noqa: E402

Gimp.main(RetouchML.__gtype__, sys.argv)
