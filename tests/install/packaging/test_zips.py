"""The zips of the plug-ins: what is in them, that Krita's own importer takes one, that a plug-in loads."""

import hashlib
import importlib.util
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from install.editors import light_part, plugin_folder
from install.packaging import zips
from retouchml.system.file_names import BY_A_ZIP
from tests.marks import marks_tests

_TOP = Path(__file__).parents[3]
_IMPORTER = Path("/usr/share/krita/pykrita/plugin_importer/plugin_importer.py")
_SETUP_FILES = "retouchml/setup/files"


@pytest.fixture(scope="module")
def vendored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The third-party modules, as the installed ones have them: in pure Python."""
    found = {}
    for name in ("msgpack", "platformdirs"):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        folder = Path(str(spec.origin)).parent
        found |= {f"vendor/any/{name}/{path.name}": path for path in folder.glob("*.py")}
    return found


@pytest.fixture(scope="module")
@marks_tests("processes")
def both(tmp_path_factory: pytest.TempPathFactory, vendored: dict[str, Path]) -> tuple[Path, Path]:
    """Krita's zip and GIMP's."""
    return zips.build(tmp_path_factory.mktemp("zips"), Path(sys.executable), vendored)


def _names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return opened.namelist()


@pytest.mark.parametrize(("which", "folder"), [(0, "retouchml_krita"), (1, "retouchml-beautify")])
def test_a_zip_has_plugin_set_up_and_the_engine_that_belongs_to_it(
    both: tuple[Path, Path], which: int, folder: str
) -> None:
    with zipfile.ZipFile(both[which]) as archive:
        names = set(archive.namelist())
        record = json.loads(archive.read(f"{folder}/{_SETUP_FILES}/engine.json"))
        engine = archive.read(f"{folder}/{_SETUP_FILES}/wheels/{record['wheel']}")
    assert hashlib.sha256(engine).hexdigest() == record["sha256"]
    modules = {path.relative_to(_TOP).as_posix() for path in (_TOP / "retouchml").rglob("*.py")}
    assert {f"{folder}/{module}" for module in modules if "__pycache__" not in module} <= names
    assert {f"{folder}/LICENSE", f"{folder}/vendor/any/msgpack/fallback.py"} <= names
    assert f"{folder}/{_SETUP_FILES}/install/__main__.py" in names
    # nothing for one system alone
    assert not [name for name in names if name.endswith((".so", ".pyd", ".dylib", ".pyc", ".po"))]
    parents = {f"{parent.as_posix()}/" for name in names for parent in Path(name).parents if parent.name}
    assert parents <= names, "Krita's importer needs an entry for each folder"


def test_the_files_of_each_plugin_are_there(both: tuple[Path, Path]) -> None:
    krita, gimp = map(set, map(_names, both))
    sources = {path.relative_to(_TOP).as_posix() for path in (_TOP / "plugin_krita").rglob("*.py")}
    assert {name.replace("plugin_krita/", "retouchml_krita/", 1) for name in sources} <= krita
    # one of each, for Krita's importer takes every one for a plug-in's
    tops = [name for name in krita if name.endswith((".desktop", ".action"))]
    assert sorted(tops) == ["retouchml_krita.action", "retouchml_krita.desktop"]
    assert "retouchml-beautify/retouchml-beautify.py" in gimp
    assert "retouchml-beautify/plugin_gimp/dialog.py" in gimp
    with zipfile.ZipFile(both[1]) as archive:
        mode = archive.getinfo("retouchml-beautify/retouchml-beautify.py").external_attr >> 16
    assert mode & 0o111 == 0o111, "GIMP starts programs only"


@pytest.mark.parametrize(("which", "folder"), [(0, "retouchml_krita"), (1, "retouchml-beautify")])
def test_a_zip_that_was_put_in_by_hand_can_be_taken_over_or_removed_by_an_installer(
    both: tuple[Path, Path], which: int, folder: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(both[which]) as archive:
        archive.extractall(tmp_path / "editor" / "plugins")
    plugin = tmp_path / "editor" / "plugins" / folder
    manifest = plugin_folder.read(plugin)
    assert manifest is not None
    assert manifest.by == BY_A_ZIP
    assert plugin_folder.place(plugin, light_part.files())
    assert plugin_folder.read(plugin).by != BY_A_ZIP  # type: ignore[union-attr]
    assert not (plugin / "retouchml" / "setup" / "files").exists()
    with zipfile.ZipFile(both[which]) as archive:
        archive.extractall(tmp_path / "editor" / "plugins")
    assert plugin_folder.remove(plugin) == []
    assert not plugin.exists()
    assert not (plugin.parent / "retouchml_krita.desktop").exists()


def test_the_same_sources_give_the_same_bytes(
    both: tuple[Path, Path], vendored: dict[str, Path], tmp_path: Path
) -> None:
    again = zips.build(tmp_path, Path(sys.executable), vendored)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in both]


@pytest.mark.parametrize("which", [0, 1])
def test_a_zip_stays_small(both: tuple[Path, Path], which: int) -> None:
    assert both[which].stat().st_size < 13e6


def _importer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("plugin_importer", _IMPORTER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not _IMPORTER.is_file(), reason="Krita is not installed")
def test_kritas_own_importer_takes_the_zip_and_takes_it_again(
    both: tuple[Path, Path], tmp_path: Path
) -> None:
    asked = []

    def overwrite(plugin: dict[str, str]) -> bool:
        asked.append(plugin["name"])
        return True

    for _ in range(2):
        importer = _importer().PluginImporter(str(both[0]), str(tmp_path), overwrite)
        assert [plugin["name"] for plugin in importer.import_all()] == ["retouchml_krita"]
    assert asked == ["retouchml_krita"]
    assert (tmp_path / "pykrita" / "retouchml_krita.desktop").is_file()
    assert (tmp_path / "pykrita" / "retouchml_krita" / "plugin.py").is_file()
    assert (tmp_path / "actions" / "retouchml_krita.action").is_file()
    assert (tmp_path / "pykrita" / "retouchml_krita" / _SETUP_FILES / "engine.json").is_file()


_WITHOUT_ZMQ = """
import sys
from pathlib import Path
here = Path(sys.argv[1])
sys.path.insert(0, str(here))
from retouchml.client import vendored
assert not vendored.use(here / "vendor"), "there should be no ZeroMQ here"
import msgpack
assert Path(msgpack.__file__).is_relative_to(here), msgpack.__file__
from retouchml.client.transport import ConnectOptions, new_transport
from retouchml.setup import installer
print(type(new_transport(ConnectOptions())).__name__, installer.is_here())
"""


@pytest.mark.parametrize(("which", "folder"), [(0, "retouchml_krita"), (1, "retouchml-beautify")])
def test_unpacked_it_needs_nothing_of_the_editors_python(
    both: tuple[Path, Path], tmp_path: Path, which: int, folder: str
) -> None:
    with zipfile.ZipFile(both[which]) as archive:
        archive.extractall(tmp_path)
    outcome = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _WITHOUT_ZMQ, str(tmp_path / folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (outcome.stdout, outcome.stderr) == ("BridgeTransport True\n", "")
