"""The connector: how a plug-in from a zip reaches another machine, where no engine is on this one.

A zip carries no ZeroMQ, for its wheels are for one system and one Python each. The set-up therefore fetches
it for a Python that it found or brought, 2 MB, into a folder of the data folder. The bridge's process runs
with that Python, these packages, and the plug-in's own copy of this package.
"""

import importlib.util
import json
import os
from pathlib import Path

from retouchml.paths import data_dir
from retouchml.system.file_names import CONNECTOR, CONNECTOR_PACKAGES, CONNECTOR_RECORD
from retouchml.system.files import changeable_by_others, read_bounded
from retouchml.system.processes import clean_environment

_LONGEST_RECORD = 1 << 16  # bytes
_TOP = Path(__file__).resolve().parents[2]


def find() -> "tuple[list[str], dict[str, str]] | None":
    """The command of a Python that has ZeroMQ, and the environment for it; None if there is none.

    One that another user may change is none: the next set-up makes it anew.
    """
    folder = data_dir() / CONNECTOR
    record, packages = folder / CONNECTOR_RECORD, folder / CONNECTOR_PACKAGES
    try:
        python = Path(json.loads(read_bounded(record, _LONGEST_RECORD).decode("utf-8"))["python"])
        if any(changeable_by_others(path) is not None for path in (record, packages, python)):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # the packages first: a plug-in's folder has modules of its own
    path = os.pathsep.join((str(packages), str(_TOP)))
    return [str(python)], clean_environment(PYTHONSAFEPATH="1", PYTHONPATH=path)


def can_connect() -> bool:
    """Whether this plug-in can reach another machine without an engine on this one."""
    return importlib.util.find_spec("zmq") is not None or find() is not None
