"""RetouchML's folders outside the checkout, and the record by which editors find it."""

import json
from pathlib import Path

from install import processes
from install.checkout import HOME, IS_PACKAGED, PYTHON, TOP
from install.errors import InstallError
from install.user_folders import Folders, default_folders
from retouchml.system.files import write_atomically

__all__ = [
    "Folders",
    "default_folders",
    "find_folders",
    "own_record",
    "put_back_record",
    "withdraw_record",
    "write_record",
]

_FIND = """
import json, retouchml
from retouchml import paths
folders = (paths.config_dir(), paths.data_dir(), paths.cache_dir())
print(json.dumps([retouchml.__version__, *map(str, folders)]))
"""


def write_record(*, keep_valid: bool = False) -> None:
    """Write ``install.json`` into the data folder: it tells editors which interpreter to start.

    keep_valid: leave a record alone whose interpreter exists. Raises InstallError.
    """
    version, folders = _ask_retouchml()
    fields = {"python": str(PYTHON), "version": version, "checkout": str(HOME)}
    if IS_PACKAGED:  # ``checkout`` is the environment, which holds nothing that could make it anew
        fields["setup"] = _set_up_folder(folders)
    content = json.dumps(fields, indent=2) + "\n"
    try:
        if folders.record.is_file():
            former = folders.record.read_text(encoding="utf-8")
            if former == content or (keep_valid and _is_valid(former)):
                return
        folders.data.mkdir(parents=True, exist_ok=True)
        write_atomically(folders.record, content.encode(), 0o644)
    except OSError as error:
        raise InstallError(
            f"{folders.record} cannot be written: {error.strerror}.",
            "Make its folder writable, or choose another with RETOUCHML_HOME.",
        ) from error


def _set_up_folder(folders: Folders) -> str:
    """The folder of the set-up that can make the environment again, even where that is damaged."""
    if not TOP.is_relative_to(HOME.resolve()):
        return str(TOP)
    try:  # the environment's own copy goes when it is made anew
        return str(json.loads(folders.record.read_text(encoding="utf-8"))["setup"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def own_record() -> str | None:
    """The content of ``install.json`` if it names this environment; None if it names another, or none."""
    try:
        content = default_folders().record.read_text(encoding="utf-8")
        return content if json.loads(content)["python"] == str(PYTHON) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def withdraw_record() -> str | None:
    """Remove ``install.json`` if it names this environment: nobody starts that now. What it held, or None."""
    content = own_record()
    if content is not None:
        default_folders().record.unlink(missing_ok=True)
    return content


def put_back_record(content: str | None) -> None:
    """Undo `withdraw_record`, unless there is a record by now."""
    record = default_folders().record
    if content is not None and not record.exists():
        write_atomically(record, content.encode(), 0o644)


def _is_valid(record: str) -> bool:
    try:
        return Path(json.loads(record)["python"]).is_file()
    except (ValueError, KeyError, TypeError):
        return False


def find_folders() -> Folders:
    """The folders, as the installed RetouchML names them, or else by the system's conventions."""
    try:
        return _ask_retouchml()[1]
    except (InstallError, OSError):
        return default_folders()


def _ask_retouchml() -> tuple[str, Folders]:
    """Version and folders, from the installed RetouchML. Raises InstallError or OSError."""
    outcome = processes.run([PYTHON, "-c", _FIND], log=False)
    if outcome.code != 0:
        raise InstallError(f"The installed RetouchML does not work: {outcome.last_line}")
    version, *folders = json.loads(outcome.last_line)
    return version, Folders(*map(Path, folders))
