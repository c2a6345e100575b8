"""The command that sets RetouchML up, for advice: a checkout has another than the light package.

A plug-in in an editor is a copy without a command of its own. The file that the installer leaves beside it
says which command put it there; without one, the record of the engine's installation says who made that. One
that came as a zip has no command at all: its welcome page sets RetouchML up.
"""

import json
from pathlib import Path

from retouchml.system.file_names import BY_A_ZIP, INSTALL_RECORD, PLUGIN_RECORD
from retouchml.system.files import read_bounded
from retouchml.translation import marked

LIGHT, CHECKOUT = "retouchml setup", "python3 install"
_PACKAGE = Path(__file__).resolve().parent
_OF_A_ZIP = marked("Press “Set up again” in the settings of RetouchML.")
_LONGEST_RECORD = 1 << 20  # bytes


def set_up_command(what: str = "") -> str:
    """The command that sets up the engine, or what is named, such as "krita"; without backticks.

    For a zip it is the one that the engine brings.
    """
    program = _program()
    if program == CHECKOUT:
        return f"{program} {what or 'demo'}"
    return f"{LIGHT} {what}".strip()


def set_up_again() -> str:
    """The advice to set RetouchML up once more, as that is done here."""
    return _OF_A_ZIP if is_zip() else marked(f"Run `{set_up_command()}` again.")


def set_up_first() -> str:
    """The advice to set RetouchML up, where it never was."""
    return _OF_A_ZIP if is_zip() else marked(f"Run `{set_up_command()}` first.")


def is_zip() -> bool:
    """Whether this is a plug-in that came as a zip: people have no command for it."""
    return _program() == BY_A_ZIP


def _program() -> str:
    put_there_by = _read(_PACKAGE.parent / PLUGIN_RECORD).get("by")
    if put_there_by in (LIGHT, CHECKOUT, BY_A_ZIP):
        return str(put_there_by)
    if (_PACKAGE / "setup" / "files" / "engine.json").is_file():
        return LIGHT
    if (_PACKAGE.parent / "install" / "__main__.py").is_file():
        return CHECKOUT
    from retouchml.paths import data_dir  # needs a third package

    home = _read(data_dir() / INSTALL_RECORD).get("checkout")
    return CHECKOUT if isinstance(home, str) and home != str(data_dir() / "engine") else LIGHT


def _read(file: Path) -> "dict[str, object]":
    try:
        content = json.loads(read_bounded(file, _LONGEST_RECORD).decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
