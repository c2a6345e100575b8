"""A release: wheels, packages, descriptions and the folder of models, checked, with ``SHA256SUMS``."""

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from install import processes
from install.console import Console
from install.errors import InstallError
from install.packaging import conversion, debian, model_files, texts, versions, wheels, zips
from install.packaging.model_files import SUMS
from retouchml.system.files import write_atomically

_ENGINE = ("daemon", "pipeline", "stylegan2")
_NSIS, _CONTAINER, _FORMULA, _WINGET = (
    "retouchml.nsi",
    "Containerfile",
    "retouchml.rb",
    "retouchml.winget.yaml",
)
_FLATPAK = "org.gimp.GIMP.Plugin.RetouchML.json"
_METAINFO = "org.gimp.GIMP.Plugin.RetouchML.metainfo.xml"
_SNAP = "retouchml.snap-part.yaml"  # in JSON, which YAML includes
_LARGEST = {"light": 1.5e6, "engine": 12e6}


@dataclass(frozen=True)
class Release:
    """What was built. skipped: what was not, and why, a sentence each."""

    version: str
    day: str
    files: tuple[Path, ...]
    skipped: tuple[str, ...]


def build(
    folder: Path,
    python: Path,
    home: str,
    models: Path | None,
    vendored: Mapping[str, Path],
    console: Console,
) -> Release:
    """Build all into ``folder``, an empty one or that of a former release, whose files it replaces.

    python: as for ``wheels.build``; home: the address of the project's page, for the descriptions; models:
    the data folder's models, for those that come as they are, None to write no folder of models; vendored:
    as for ``zips.build``

    Raises InstallError.
    """
    version, day = versions.agreed()
    _clear(folder)
    skipped: list[str] = []
    with console.step("the two wheels") as tick:
        light, engine = wheels.build(folder, python, tick)
        check(light, engine, version)
    with console.step("the two zips") as tick:
        krita, gimp = zips.build(folder, python, vendored, tick)
        for archive in (krita, gimp):
            check_zip(archive, engine)
    if debian.can_build():
        with console.step("the Debian package") as tick:
            debian.build(light, engine, version, folder, tick)
    else:
        skipped.append("No Debian package: dpkg-deb is not here.")
    values = {
        "VERSION": version,
        "DAY": day,
        "HOME": home,
        "GIMP_ZIP": gimp.name,
        "GIMP_ZIP_SHA256": texts.digest(gimp),
        "LIGHT": light.name,
        "ENGINE": engine.name,
        "LIGHT_SHA256": texts.digest(light),
        "ENGINE_SHA256": texts.digest(engine),
    }
    (script, _) = texts.write(folder, [_NSIS, _CONTAINER], values)
    setup = _windows_installer(script, console)
    if setup is None:
        skipped.append("No Windows installer: makensis is not here. Its script is.")
    texts.write(folder, [_FLATPAK, _METAINFO, _SNAP], values)
    texts.write(folder, [_FORMULA, _WINGET], {**values, "SETUP_SHA256": texts.digest(setup)})
    if models is not None:
        _write_models(folder / "models", models, python, console)
    files = tuple(sorted(path for path in folder.iterdir() if path.is_file() and path.name != SUMS))
    lines = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)
    write_atomically(folder / SUMS, lines.encode(), 0o644)
    return Release(version, day, files, tuple(skipped))


def _write_models(folder: Path, models: Path, python: Path, console: Console) -> None:
    """The folder of models; those that are converted are made anew, and compared with the table's hashes."""
    with tempfile.TemporaryDirectory() as home:
        with console.step("the models, converted anew from their sources") as tick:
            converted = conversion.convert(Path(home), python, tick)
        with console.step("the folder of models") as tick:
            model_files.write((converted, models), folder, tick)


def _clear(folder: Path) -> None:
    """Make an empty folder; one of models stays in it, for its files lie under their hashes."""
    if folder.exists() and any(folder.iterdir()) and not (folder / SUMS).is_file():
        raise InstallError(f"{folder} is no folder of a release.", "Name an empty one.")
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()
    (folder / SUMS).touch()  # so that a release that broke off is known for one


def check(light: Path, engine: Path, version: str) -> None:
    """Raise InstallError unless the two wheels hold what they should, and nothing else."""
    for kind, wheel, package in (("light", light, "retouchml"), ("engine", engine, "retouchml_engine")):
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
        own = {"retouchml"} if kind == "light" else set(_ENGINE)
        tops = {name.partition("/")[0] for name in names}
        if tops != {*own, f"{package}-{version}.dist-info"}:
            raise InstallError(f"{wheel.name} holds {', '.join(sorted(tops))}.")
        stray = [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".po", ".orig"))]
        if stray:
            raise InstallError(f"{wheel.name} holds {', '.join(stray)}.")
        if wheel.stat().st_size > _LARGEST[kind]:
            raise InstallError(f"{wheel.name} has {wheel.stat().st_size / 1e6:.1f} MB, which is too large.")


def check_zip(archive: Path, engine: Path) -> None:
    """Raise InstallError unless a plug-in's zip brings this very engine."""
    with zipfile.ZipFile(archive) as content:
        found = [content.read(name) for name in content.namelist() if name.endswith(f"/{engine.name}")]
    if found != [engine.read_bytes()]:
        raise InstallError(f"{archive.name} has not the engine of this release.")


def _windows_installer(script: Path, console: Console) -> Path | None:
    """The installer that makensis builds of the script; None if there is no makensis. Raises InstallError."""
    program = shutil.which("makensis")
    if program is None:
        return None
    before = set(script.parent.iterdir())
    with console.step("the Windows installer") as tick:
        outcome = processes.run([program, "-V2", "-WX", script], tick, log=False)
    built = set(script.parent.iterdir()) - before
    if outcome.code != 0 or len(built) != 1:
        raise InstallError(f"The Windows installer could not be built: {outcome.last_line}")
    return built.pop()
