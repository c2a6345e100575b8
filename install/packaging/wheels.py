"""The two wheels: their sources are put together in a folder each, and built there by setuptools.

The light wheel carries the set-up as data, in ``retouchml/setup/files``: this installer, the lists of tested
packages, both plug-ins, the table of models, and the name and SHA-256 of the engine's wheel. So ``retouchml
setup`` runs the code that ``python3 install`` runs, and takes no other engine than the one built with it.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from install import processes
from install.checkout import ENGINE_RECORD, TOP
from install.console import Tick
from install.errors import InstallError

_PROJECTS = TOP / "install" / "packaging"
_ENGINE = ("daemon", "pipeline", "stylegan2")
_SET_UP = ("install", "plugin_gimp", "plugin_krita")
_SETUP_FILES = Path("retouchml", "setup", "files")
# setuptools writes this date into the archive, so that the same sources give the same bytes
_EPOCH = "1577836800"

_LEFT_OUT = shutil.ignore_patterns(
    "__pycache__",
    "*.pyc",
    "*.in",
    "*.po",
    "*.pot",
    "light",
    "engine",
    "templates",
    "dev.txt",
    "tensorflow1*.txt",
)


def build(folder: Path, python: Path, tick: Tick = lambda: None) -> tuple[Path, Path]:
    """Build both wheels into ``folder``; the paths of the light one and of the engine's.

    python: an interpreter with pip and setuptools

    Raises InstallError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    engine = _built("engine", _engine_sources, folder, python, tick)
    record = {"wheel": engine.name, "sha256": hashlib.sha256(engine.read_bytes()).hexdigest()}

    def sources(stage: Path) -> None:
        _light_sources(stage)
        (stage / _SETUP_FILES / ENGINE_RECORD).write_text(json.dumps(record, indent=2) + "\n")

    return _built("light", sources, folder, python, tick), engine


def _engine_sources(stage: Path) -> None:
    _copy(TOP, stage, _ENGINE)


def _light_sources(stage: Path) -> None:
    _copy(TOP, stage, ["retouchml"])
    shutil.copyfile(TOP / "README.md", stage / "README.md")
    files = stage / _SETUP_FILES
    files.mkdir(parents=True)
    _copy(TOP, files, _SET_UP)
    for place in ("LICENSE", "stylegan2/zoo/zoo.toml", "pyproject.toml", "docs/editors.md"):
        (files / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(TOP / place, files / place)


def _copy(source: Path, target: Path, names: Iterable[str]) -> None:
    for name in names:
        shutil.copytree(source / name, target / name, ignore=_LEFT_OUT)


def _built(project: str, put_sources: Callable[[Path], None], folder: Path, python: Path, tick: Tick) -> Path:
    with tempfile.TemporaryDirectory() as temporary:
        stage, made = Path(temporary, "project"), Path(temporary, "made")
        stage.mkdir()
        shutil.copyfile(_PROJECTS / project / "pyproject.toml", stage / "pyproject.toml")
        shutil.copyfile(TOP / "LICENSE", stage / "LICENSE")
        put_sources(stage)
        pip = (
            "-I -m pip wheel --no-input --disable-pip-version-check --no-deps --no-index --no-build-isolation"
        )
        command: list[str | Path] = [python, *pip.split(), "--wheel-dir", made, stage]
        environment = processes.environment(SOURCE_DATE_EPOCH=_EPOCH)
        outcome = processes.run(command, tick, environment, log=False)
        wheels = sorted(made.glob("*.whl")) if outcome.code == 0 else []
        if len(wheels) != 1:
            raise InstallError(f"The wheel of {project} could not be built: {outcome.last_line}")
        return Path(shutil.copyfile(wheels[0], folder / wheels[0].name))
