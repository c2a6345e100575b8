"""How this project starts other programs: away from the terminal, and without what belongs to another one."""

import os
import subprocess
import sys
from collections.abc import Mapping

if sys.platform == "win32":
    # a console of its own, without a window: Ctrl-C does not reach it, and no window opens where the parent,
    # an editor or a scheduled task, has no console
    CREATION_FLAGS = subprocess.CREATE_NO_WINDOW
else:
    CREATION_FLAGS = 0
"""What ``start_new_session`` does elsewhere, on Windows: keeps a child process away from the terminal."""

FOREIGN_VARIABLES = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "PYTHONPLATLIBDIR",
    "PYTHONEXECUTABLE",
    "PYTHONINSPECT",
    "PYTHONWARNINGS",
    "__PYVENV_LAUNCHER__",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LD_AUDIT",
    "DYLD_LIBRARY_PATH",
    "DYLD_FRAMEWORK_PATH",
    "DYLD_INSERT_LIBRARIES",
    "QT_PLUGIN_PATH",
    "GI_TYPELIB_PATH",
    "GIO_MODULE_DIR",
    "APPDIR",
    "APPIMAGE",
)
"""Variables by which another Python, an editor, an AppImage or a debugging tool misleads our Python."""

_FOREIGN_PREFIXES = ("PYTHON", "LD_", "DYLD_", "QT_", "GI_TYPELIB", "GIO_", "GTK_", "GEGL_", "BABL_")


def clean_environment(environment: "Mapping[str, str] | None" = None, /, **changes: str) -> dict[str, str]:
    """An environment, this process's by default, without foreign variables and with ``changes``."""
    return {
        name: value
        for name, value in (os.environ if environment is None else environment).items()
        if name not in FOREIGN_VARIABLES and not name.startswith(_FOREIGN_PREFIXES)
    } | changes
