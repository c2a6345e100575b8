"""The command that sets RetouchML up, for advice: a checkout has another than the light package.

A plug-in in an editor is a copy without a command of its own. The file that the installer leaves beside it
says which command put it there; without one, the record of the engine's installation says who made that.
"""

import json
from pathlib import Path

from retouchml.system.file_names import INSTALL_RECORD, PLUGIN_RECORD
from retouchml.system.files import read_bounded

LIGHT, CHECKOUT = "retouchml setup", "python3 install"
_PACKAGE = Path(__file__).resolve().parent
_LONGEST_RECORD = 1 << 20  # bytes


def set_up_command(what: str = "") -> str:
    """The command that sets up the engine, or what is named, such as "krita"; without backticks."""
    program = _program()
    return f"{program} {what or 'demo'}" if program == CHECKOUT else f"{program} {what}".strip()


def set_up_again(when: str = "again") -> str:
    """The advice to set RetouchML up, with the command that does it here."""
    return f"Run `{set_up_command()}` {when}."


def is_light() -> bool:
    """Whether RetouchML was installed by the light package, and not from a checkout."""
    return _program() == LIGHT


def _program() -> str:
    put_there_by = _read(_PACKAGE.parent / PLUGIN_RECORD).get("by")
    if put_there_by in (LIGHT, CHECKOUT):
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
