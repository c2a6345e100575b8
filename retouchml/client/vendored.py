"""Imports the third-party modules beside a plug-in that fit the Python of its editor.

``vendor/cp310``, ``cp311`` and ``cp312`` each hold the unpacked wheels of pyzmq, msgpack and platformdirs,
and cp310 that of tomli. Those of cp312 work on every later Python too (pyzmq has the stable ABI; msgpack
works without its extension). The zips, which are for all systems, have ``vendor/any`` instead, in pure Python
and without ZeroMQ.
Standard library only.
"""

import importlib
import sys
from pathlib import Path

FOLDER = "vendor"
ANY = "any"
OLDEST = (3, 10)
NEWEST = (3, 12)
_MODULES = ("platformdirs", "msgpack", "zmq")
_OPTIONAL = () if sys.version_info >= (3, 11) else ("tomli",)
"""Without it presets cannot be read, and all else works."""


def folder_for(vendor: Path, version: tuple[int, int]) -> Path:
    """The folder for a Python of that version; that of the newest for later ones, or that for any."""
    if (vendor / ANY).is_dir():
        return vendor / ANY
    major, minor = min(max(version, OLDEST), NEWEST)
    return vendor / f"cp{major}{minor}"


def use(vendor: Path) -> bool:
    """Import the modules from a folder of wheels; False if one does not load.

    Without ZeroMQ, the client uses ``bridge``.

    ``sys.path`` is restored, since all plug-ins of an editor share it.
    """
    folder = str(folder_for(vendor, sys.version_info[:2]))
    sys.path.insert(0, folder)
    try:
        successes = [_try_import(name) for name in _MODULES]
        for name in _OPTIONAL:
            _try_import(name)
        return all(successes)
    finally:
        sys.path.remove(folder)


def _try_import(name: str) -> bool:
    try:
        importlib.import_module(name)
    except (ImportError, OSError):  # no wheel for this Python, or one whose library does not load
        for module in [each for each in sys.modules if each.partition(".")[0] == name]:
            del sys.modules[module]
        return False
    return True
