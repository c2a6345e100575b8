"""The zips for GIMP and Krita: one each for Linux, Windows and macOS, and for every Python of an editor.

Each has the plug-in, all of the light package with the set-up, and in there the wheels of the engine and of
pip, so that only packages and models are fetched, and a Python without ``ensurepip`` will do. Third-party
modules are in pure Python. ZeroMQ is not among them: its wheels for all systems and Pythons have 30 MB, and
macOS would refuse a library from a zip of the web. The plug-in uses the bridge instead, over the engine's own
Python.
"""

import hashlib
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from install.checkout import ENGINE_WHEELS, TOP
from install.console import Tick
from install.editors import plugin_folder
from install.editors.plugin import EditorPlugin
from install.packaging import wheels
from retouchml.system.editors import KRITA
from retouchml.system.file_names import BY_A_ZIP

_DATE = (2020, 1, 1, 0, 0, 0)  # always the same, so that the same files give the same bytes
_FILE, _PROGRAM, _FOLDER = 0o100644 << 16, 0o100755 << 16, (0o040755 << 16) | 0x10
_UNIX = 3
_DECLARATION = ".desktop"
_BESIDE = (_DECLARATION, ".action")
"""Krita's importer takes each of these anywhere in a zip for that of a plug-in, so one of each is allowed."""


def build(
    folder: Path, python: Path, vendored: Mapping[str, Path], tick: Tick = lambda: None
) -> tuple[Path, Path]:
    """Build both zips into ``folder``; the paths of Krita's and of GIMP's.

    python:   an interpreter with pip and setuptools
    vendored: third-party modules by their place in a plug-in's folder, as ``wheels.for_zips`` has them

    Raises InstallError.
    """
    # which import the wheels' builder in turn
    from install.actions.gimp import GimpPlugin
    from install.actions.krita import KritaPlugin

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        light, engine = wheels.build(Path(temporary), python, tick)
        version = light.name.split("-")[1]
        shared = _light_files(light) | {place: path.read_bytes() for place, path in vendored.items()}
        shared[(ENGINE_WHEELS / engine.name).as_posix()] = engine.read_bytes()
        shared["LICENSE"] = (TOP / "LICENSE").read_bytes()
        beside = {
            f"{KRITA.folder}{suffix}": (TOP / "plugin_krita" / f"{KRITA.folder}{suffix}").read_bytes()
            for suffix in _BESIDE
        }
        # the importer puts the shortcuts elsewhere
        declared = {name: content for name, content in beside.items() if name.endswith(_DECLARATION)}
        krita = {**beside, **_in_folder(KritaPlugin(), shared, declared)}
        gimp = _in_folder(GimpPlugin(), shared, {})
    return (
        _write(folder / f"retouchml-krita-{version}.zip", krita),
        _write(folder / f"retouchml-gimp-{version}.zip", gimp),
    )


def _in_folder(
    plugin: EditorPlugin, shared: Mapping[str, bytes], beside: Mapping[str, bytes]
) -> dict[str, bytes]:
    """The files of the plug-in's folder, with the manifest by which an installer takes it over or removes it.

    beside: files that lie beside the folder
    """
    own = {place: path.read_bytes() for place, path in plugin.own_files().items()}
    files = {**own, **shared}
    manifest = plugin_folder.Manifest(_digests(files), _digests(beside), BY_A_ZIP)
    files[plugin_folder.MANIFEST] = plugin_folder.text(manifest).encode()
    return {f"{plugin.folder}/{place}": content for place, content in files.items()}


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {place: hashlib.sha256(content).hexdigest() for place, content in sorted(files.items())}


def _light_files(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            name: archive.read(name)
            for name in archive.namelist()
            if name.startswith("retouchml/") and not name.endswith(("/", *_BESIDE))
        }


def _write(target: Path, files: Mapping[str, bytes]) -> Path:
    """Write a zip with an entry for each folder, which Krita's importer needs."""
    folders = {f"{parent}/" for name in files for parent in PurePosixPath(name).parents if parent.name}
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted([*folders, *files]):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = _UNIX  # whichever system builds it
            if name in folders:
                entry.external_attr = _FOLDER
                archive.writestr(entry, b"")
                continue
            # GIMP starts only what is a program
            is_program = PurePosixPath(name).stem == PurePosixPath(name).parts[0]
            entry.external_attr = _PROGRAM if is_program else _FILE
            method = zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name], method)
    return target
