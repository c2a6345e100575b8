#!/usr/bin/env python3
"""The file that GIMP runs; the installer names it like its folder, as GIMP requires."""

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE))

import gi  # noqa: E402 (GIMP runs this file alone, so its folder comes first)

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
for name in ("Gtk", "Gdk"):
    gi.require_version(name, "3.0")
gi.require_version("GimpUi", "3.0")

from gi.repository import Gimp  # noqa: E402

from retouchml import translation  # noqa: E402
from retouchml.client import vendored  # noqa: E402

vendored.use(_HERE / vendored.FOLDER)  # with which the user's settings are found
translation.begin()  # before modules with texts are loaded

from plugin_gimp.procedure import RetouchML  # noqa: E402

Gimp.main(RetouchML.__gtype__, sys.argv)
