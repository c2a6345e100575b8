"""Finds the third-party modules that lie beside a plug-in, for whichever Python its editor embeds.

``vendor/cp310``, ``cp311`` and ``cp312`` each hold the unpacked wheels of pyzmq, msgpack and platformdirs.
Those of cp312 are made for every later Python too (pyzmq's stable ABI; msgpack does without its extension).
The standard library alone.
"""

import importlib
import sys
from pathlib import Path

FOLDER = "vendor"
OLDEST = (3, 10)
NEWEST = (3, 12)
_MODULES = ("platformdirs", "msgpack", "zmq")


def folder_for(vendor: Path, version: tuple[int, int]) -> Path:
    """The folder for a Python of that version: its own, or that of the newest which later ones can use."""
    major, minor = min(max(version, OLDEST), NEWEST)
    return vendor / f"cp{major}{minor}"


def use(vendor: Path) -> bool:
    """Import the modules from below ``vendor``; whether all load. Without ZeroMQ, ``bridge`` helps.

    ``sys.path`` is left as it was: in an editor it belongs to all its plug-ins.
    """
    folder = str(folder_for(vendor, sys.version_info[:2]))
    sys.path.insert(0, folder)
    try:
        loaded = [_imported(name) for name in _MODULES]
        return all(loaded)
    finally:
        sys.path.remove(folder)


def _imported(name: str) -> bool:
    try:
        importlib.import_module(name)
    except (ImportError, OSError):  # no wheel for this Python, or a library of its that does not load
        for half in [each for each in sys.modules if each.partition(".")[0] == name]:
            del sys.modules[half]
        return False
    return True
