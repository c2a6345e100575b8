"""Finds a Python that can make the engine's environment, or brings one with uv.

The light package may run in an editor's Python, or in one that is too old, or without ``venv``.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from retouchml.errors import RetouchError
from retouchml.setup import fetch_uv, installer
from retouchml.system import processes
from retouchml.system.bundles import interpreters
from retouchml.system.processes import clean_environment

OLDEST, NEWEST = (3, 11), (3, 14)
"""The versions for which every package has a tested wheel."""
_BROUGHT = "3.12"
_TIMEOUT_SECONDS = 30
_DESCRIBE = (
    "import importlib.util, sys, venv; "
    "print('%d.%d' % sys.version_info[:2], sys.maxsize > 2**32, "
    "importlib.util.find_spec('ensurepip') is not None, "
    "getattr(sys, '_base_executable', '') or sys.executable, sep='\\t')"
)

Say = Callable[[str], None]
Tick = Callable[[], object]
"""Called again and again while something is fetched; may raise, which stops that."""


def find(wanted: str = "", brought: "Path | None" = None) -> str:
    """The path of a suitable Python on this machine; "" if there is none.

    One without ``ensurepip``, as Debian's python3 without python3-venv, is taken if there is no other, and
    pip can come from elsewhere.

    wanted:  the minor version that it has to be, such as "3.12"; "" for any
    brought: the folder into which `bring` put one, perhaps
    """
    second = ""
    for candidate in dict.fromkeys((*_candidates(), *_brought(brought))):
        python, has_pip = _suitable(candidate, wanted)
        if python and has_pip:
            return python
        second = second or python
    return second if second and _has_pip_elsewhere() else ""


def base_interpreter(program: str) -> str:
    """The interpreter that a virtual environment's was made with; "" if it is gone, or does not suit."""
    return _suitable(program, "")[0]


def missing(wanted: str = "") -> RetouchError:
    """The error where there is none, and none can be brought."""
    return RetouchError(
        f"The engine needs Python {wanted or '3.11 to 3.14'} with the module venv, and none was found here.",
        "Install one (Debian, Ubuntu: `apt install python3-venv`), or uv, then run this again.",
    )


def is_suitable(interpreter: Path, wanted: str) -> bool:
    """Whether the engine's environment can be made with it, pip included."""
    found, has_pip = _suitable(str(interpreter), wanted)
    return bool(found) and has_pip


def of_bundle(bundle: Path) -> str:
    """The Python that a bundle is for, such as "3.12"; "" if it says nothing, which the installer tells."""
    try:
        return str(json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))["python"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def bring(folder: Path, say: Say, wanted: str = "", tick: Tick = lambda: None) -> str:
    """A Python that uv downloads into ``folder``; "" if there is no uv, or it cannot.

    uv itself is the one on this machine, else that of the package index. What ``tick`` raises is passed on.
    """
    with tempfile.TemporaryDirectory() as temporary:
        uv = find_uv() or _fetch_uv(Path(temporary), say, tick)
        if not uv:
            return ""
        version = wanted or _BROUGHT
        say(f"Python {version} is fetched by uv into {folder} (about 35 MB).")
        environment = clean_environment(
            UV_PYTHON_INSTALL_DIR=str(folder), UV_PYTHON_PREFERENCE="only-managed"
        )
        if not _fetches([uv, "python", "install", "--no-bin", version], environment, tick):
            return ""
        path = _run([uv, "python", "find", version], environment)
        return _suitable(path.strip(), wanted)[0] if path else ""


def find_uv() -> str:
    """The uv on this machine; "" if there is none."""
    beside = Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")
    return str(beside) if beside.is_file() else shutil.which("uv") or ""


def _candidates() -> Iterator[str]:
    if _is_python() and not _is_in_app_image(sys.executable):
        yield sys.executable
    versions = [f"{major}.{minor}" for major, minor in _newest_first()]
    for name in ("python3", "python", *(f"python{version}" for version in versions)):
        if path := shutil.which(name, path=_search_path()):
            yield path
    if uv := find_uv():
        for version in versions:
            environment = clean_environment(UV_PYTHON_DOWNLOADS="never")
            if path := _run([uv, "python", "find", version], environment):
                yield path.strip()


def _search_path() -> str:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not _is_in_app_image(folder))


def _is_in_app_image(path: str) -> bool:
    """Whether it lies in an editor's AppImage, and is gone when that ends."""
    image = os.environ.get("APPDIR", "")
    return image != "" and Path(path).is_relative_to(image)


def _brought(folder: "Path | None") -> Iterator[str]:
    """The interpreters below a folder of uv's."""
    if folder is not None:
        for each in sorted(folder.glob("*")):
            yield from map(str, interpreters(each))


def _is_python() -> bool:
    """Whether this process runs in an interpreter of its own, and not in krita or gimp."""
    return Path(sys.executable or "").name.startswith("python")


def _newest_first() -> Iterator[tuple[int, int]]:
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        yield OLDEST[0], minor


def _suitable(candidate: str, wanted: str) -> tuple[str, bool]:
    """The interpreter behind ``candidate``, outside any virtual environment, if it suits, else "".

    And whether it can put pip into an environment by itself.
    """
    answer = _run([candidate, "-I", "-c", _DESCRIBE], clean_environment())
    try:
        version, is_64_bit, has_pip, path = (answer or "").strip().split("\t")
        numbers = tuple(map(int, version.split(".")))
    except ValueError:
        return "", False
    suits = OLDEST <= numbers <= NEWEST and is_64_bit == "True" and wanted in ("", version)
    return (path, has_pip == "True") if suits and Path(path).is_file() else ("", False)


def _has_pip_elsewhere() -> bool:
    """Whether the installer can put pip into an environment: a zip carries it, and uv fetches it."""
    return bool(find_uv()) or any((installer.FILES / "wheels").glob("pip-*.whl"))


def _fetch_uv(folder: Path, say: Say, tick: Tick) -> str:
    """uv from the package index, unpacked into ``folder``; "" if that fails."""
    say("No Python 3.11 or newer with venv is here. uv, which brings one, is fetched (about 20 MB).")
    return (_fetch_uv_by_pip(folder, tick) if _is_python() else "") or fetch_uv.fetch(folder, tick)


def _fetch_uv_by_pip(folder: Path, tick: Tick) -> str:
    # -I: no module of the working folder
    options = "-I -m pip download --no-deps --only-binary :all: --disable-pip-version-check --no-input"
    tested = ["--require-hashes", "-r", str(fetch_uv.requirements())]
    if not _fetches([sys.executable, *options.split(), "--dest", str(folder), *tested], os.environ, tick):
        return ""
    for wheel in folder.glob("uv-*.whl"):
        shutil.unpack_archive(wheel, folder, "zip")
    for path in folder.glob("uv-*.data/scripts/uv*"):
        if path.stem == "uv":
            path.chmod(0o755)
            return str(path)
    return ""


def _fetches(command: "list[str]", environment: "Mapping[str, str]", tick: Tick) -> bool:
    """Whether a command that fetches something, however long it takes, is there and does."""
    try:
        code, _output = processes.run(command, environment, tick, Path(Path.home().anchor))
    except OSError:
        return False
    return code == 0


def _run(command: "list[str]", environment: "Mapping[str, str]") -> "str | None":
    """What a command prints; None if it fails or is not there."""
    try:
        outcome = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=_TIMEOUT_SECONDS,
            cwd=Path.home().anchor,
            creationflags=processes.CREATION_FLAGS,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return outcome.stdout
