"""Finds a Python that can make the engine's environment, or brings one with uv.

The light package may run in an editor's Python, or in one that is too old, or without ``venv``.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from retouchml.system.processes import clean_environment

OLDEST, NEWEST = (3, 11), (3, 14)
"""The versions for which every package has a tested wheel."""
_BROUGHT = "3.12"
_TIMEOUT_SECONDS = 30
_DESCRIBE = (
    "import ensurepip, sys, venv; "
    "print('%d.%d' % sys.version_info[:2], sys.maxsize > 2**32, getattr(sys, '_base_executable', '') "
    "or sys.executable, sep='\\t')"
)

Say = Callable[[str], None]


def find(wanted: str = "") -> str:
    """The path of a suitable Python on this machine; "" if there is none.

    wanted: the minor version that it has to be, such as "3.12"; "" for any
    """
    for candidate in dict.fromkeys(_candidates()):
        if python := _suitable(candidate, wanted):
            return python
    return ""


def of_bundle(bundle: Path) -> str:
    """The Python that a bundle is for, such as "3.12"; "" if it says nothing, which the installer tells."""
    try:
        return str(json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))["python"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def bring(folder: Path, say: Say, wanted: str = "") -> str:
    """A Python that uv downloads into ``folder``; "" if there is no uv, or it cannot.

    uv itself is the one on this machine, else that of pip's package index.
    """
    with tempfile.TemporaryDirectory() as temporary:
        uv = find_uv() or _fetch_uv(Path(temporary), say)
        if not uv:
            return ""
        version = wanted or _BROUGHT
        say(f"Python {version} is fetched by uv into {folder} (about 35 MB).")
        environment = clean_environment(
            UV_PYTHON_INSTALL_DIR=str(folder), UV_PYTHON_PREFERENCE="only-managed"
        )
        if _run([uv, "python", "install", "--no-bin", version], environment) is None:
            return ""
        path = _run([uv, "python", "find", version], environment)
        return _suitable(path.strip(), wanted) if path else ""


def find_uv() -> str:
    """The uv on this machine; "" if there is none."""
    beside = Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")
    return str(beside) if beside.is_file() else shutil.which("uv") or ""


def _candidates() -> Iterator[str]:
    if _is_python():
        yield sys.executable
    versions = [f"{major}.{minor}" for major, minor in _newest_first()]
    for name in ("python3", "python", *(f"python{version}" for version in versions)):
        if path := shutil.which(name):
            yield path
    if uv := find_uv():
        for version in versions:
            environment = clean_environment(UV_PYTHON_DOWNLOADS="never")
            if path := _run([uv, "python", "find", version], environment):
                yield path.strip()


def _is_python() -> bool:
    """Whether this process runs in an interpreter of its own, and not in krita or gimp."""
    return Path(sys.executable or "").name.startswith("python")


def _newest_first() -> Iterator[tuple[int, int]]:
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        yield OLDEST[0], minor


def _suitable(candidate: str, wanted: str) -> str:
    """The interpreter behind ``candidate``, outside any virtual environment, if it suits; else ""."""
    answer = _run([candidate, "-I", "-c", _DESCRIBE], clean_environment())
    try:
        version, is_64_bit, path = (answer or "").strip().split("\t")
        numbers = tuple(map(int, version.split(".")))
    except ValueError:
        return ""
    suits = OLDEST <= numbers <= NEWEST and is_64_bit == "True" and wanted in ("", version)
    return path if suits and Path(path).is_file() else ""


def _fetch_uv(folder: Path, say: Say) -> str:
    """uv from pip's index, unpacked into ``folder``; "" if that fails."""
    if not _is_python():
        return ""
    say("No Python 3.11 or newer with venv is here. uv, which brings one, is fetched (about 20 MB).")
    # -I: no module of the working folder
    options = "-I -m pip download --no-deps --only-binary :all: --disable-pip-version-check --no-input"
    if _run([sys.executable, *options.split(), "--dest", str(folder), "uv"], None) is None:
        return ""
    for wheel in folder.glob("uv-*.whl"):
        shutil.unpack_archive(wheel, folder, "zip")
    for path in folder.glob("uv-*.data/scripts/uv*"):
        if path.stem == "uv":
            path.chmod(0o755)
            return str(path)
    return ""


def _run(command: "list[str]", environment: "dict[str, str] | None") -> "str | None":
    """What a command prints; None if it fails or is not there."""
    try:
        outcome = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=None if "install" in command or "download" in command else _TIMEOUT_SECONDS,
            cwd=Path.home().anchor,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return outcome.stdout
