"""Fetches the third-party modules that lie beside a plug-in: wheels for every Python that editors embed.

They are unpacked and never imported here. ``retouchml/client/vendored.py`` chooses among them.
"""

import shutil
import zipfile
from pathlib import Path, PurePosixPath

from install.checkout import ENGINE_WHEELS, VENV
from install.console import Console
from install.environment import pip_install, requirements
from install.errors import InstallError

# pyzmq's wheel for 3.12 has the stable ABI, for all later ones; 3.10 has no reader of TOML of its own
_PYTHONS = {
    "3.10": (requirements.EDITORS, requirements.EDITORS_310),
    "3.11": (requirements.EDITORS,),
    "3.12": (requirements.EDITORS,),
}
"""The requirements files for each Python. Markers would not do: pip asks them of the Python that runs it."""
_FOLDER = VENV / "editor-wheels"
_PURE = ("msgpack", "platformdirs", "tomli")
_LARGEST = 64 << 20  # bytes of one file of a wheel


def vendored(console: Console) -> dict[str, Path]:
    """Files of the modules, by their place in a plug-in's folder.

    They are downloaded if they are not here yet. Raises InstallError.
    """
    ready = _FOLDER / requirements.digest(requirements.EDITORS, requirements.EDITORS_310)[:16]
    if not ready.is_dir():
        with console.step("ZeroMQ for editors") as tick:
            shutil.rmtree(_FOLDER, ignore_errors=True)
            draft = _FOLDER / "draft"
            for python in _PYTHONS:
                wheels = _FOLDER / "wheels" / python
                wheels.mkdir(parents=True)
                pip_install.download(_arguments(python, wheels), tick)
                for wheel in sorted(wheels.glob("*.whl")):
                    unpack(wheel, draft / f"cp{python.replace('.', '')}")
            shutil.rmtree(_FOLDER / "wheels")
            draft.rename(ready)
    return {
        f"vendor/{path.relative_to(ready).as_posix()}": path for path in ready.rglob("*") if path.is_file()
    }


def for_zips(console: Console) -> dict[str, Path]:
    """What others wrote in a plug-in's zip, by its place there: modules, and pip for a Python without it.

    Raises InstallError.
    """
    pip = _pip(console)
    return {**pure(console), (ENGINE_WHEELS / pip.name).as_posix(): pip}


def _pip(console: Console) -> Path:
    """pip's wheel, which is downloaded if it is not here yet. Raises InstallError."""
    folder = VENV / "pip-wheel" / requirements.digest(requirements.PIP)[:16]
    if not (found := sorted(folder.glob("pip-*.whl"))):
        with console.step("pip for zips") as tick:
            pip_install.download(("--dest", str(folder), *requirements.arguments(requirements.PIP)), tick)
        found = sorted(folder.glob("pip-*.whl"))
    return found[0]


def pure(console: Console) -> dict[str, Path]:
    """Those of the files that work on every system and Python: ZeroMQ is not among them.

    Raises InstallError.
    """
    own = f"vendor/cp{next(iter(_PYTHONS)).replace('.', '')}/"
    found = {
        place.removeprefix(own): path
        for place, path in vendored(console).items()
        if place.startswith(own) and place.removeprefix(own).startswith(_PURE)
    }
    return {f"vendor/any/{place}": path for place, path in sorted(found.items()) if _is_kept(place)}


def _is_kept(place: str) -> bool:
    path = PurePosixPath(place)
    return path.suffix == ".py" or (".dist-info" in path.parts[0] and path.name in ("COPYING", "LICENSE"))


def unpack(wheel: Path, folder: Path) -> None:
    """Unpack a wheel without its tests, headers and stubs. Raises InstallError if it is damaged."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for info in archive.infolist():
                place = PurePosixPath(info.filename)
                if info.is_dir() or "tests" in place.parts or place.suffix in (".pxd", ".pyi", ".h"):
                    continue
                if place.is_absolute() or ".." in place.parts or info.file_size > _LARGEST:
                    raise InstallError(f"{wheel.name} holds the strange file {info.filename}.")
                target = folder / place
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
    except (zipfile.BadZipFile, EOFError) as error:
        raise InstallError(f"{wheel.name} is damaged.", "Run this again.") from error


def _arguments(python: str, folder: Path) -> tuple[str, ...]:
    selection = ("--python-version", python, "--implementation", "cp", "--no-deps", "--dest", str(folder))
    return (*selection, *requirements.arguments(*_PYTHONS[python]))
