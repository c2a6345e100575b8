"""The manifests for Flatpak and Snap: they parse, say what they have to, and place what the zip holds."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from install.packaging import release, texts
from retouchml.system.editors import GIMP
from tests.editors.gimp.test_zip import build_zip
from tests.marks import marks_tests

VALUES = {
    "VERSION": "1.2.3",
    "DAY": "2026-12-01",
    "HOME": "https://x.example",
    "GIMP_ZIP": "retouchml-gimp-1.2.3.zip",
    "GIMP_ZIP_SHA256": "a" * 64,
}
ADDRESS = "https://x.example/releases/download/v1.2.3/retouchml-gimp-1.2.3.zip"
PLUG_INS = "lib/gimp/3.0/plug-ins"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with the three, filled in."""
    texts.write(tmp_path, [release._FLATPAK, release._METAINFO, release._SNAP], VALUES)
    return tmp_path


@pytest.fixture(scope="module")
@marks_tests("processes")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What the zip of GIMP's filter holds."""
    with zipfile.ZipFile(build_zip(tmp_path_factory.mktemp("zips"))) as archive:
        return set(archive.namelist())


def manifest(written: Path) -> dict[str, Any]:
    """The manifest for Flatpak."""
    content: dict[str, Any] = json.loads((written / release._FLATPAK).read_text())
    return content


def test_the_flatpak_is_an_extension_of_gimp_3(written: Path) -> None:
    content = manifest(written)
    assert content["id"] == Path(release._FLATPAK).stem
    assert (content["runtime"], content["branch"]) == ("org.gimp.GIMP", "3")
    assert content["build-extension"]
    # Flatpak mounts an extension under the last part of its name
    assert content["build-options"]["prefix"] == f"/app/extensions/{content['id'].rpartition('.')[2]}"
    assert "finish-args" not in content  # these are the application's
    archive, beside = content["modules"][0]["sources"]
    assert (archive["url"], archive["sha256"]) == (ADDRESS, "a" * 64)
    assert (written / beside["path"]).is_file()


def test_the_flatpak_places_what_the_zip_holds(written: Path, names: set[str]) -> None:
    (module,) = manifest(written)["modules"]
    commands = module["build-commands"]
    assert module["buildsystem"] == "simple"
    assert module["sources"][0]["strip-components"] == 0  # the zip has one folder, which is the plug-in's
    (copied,) = [command.split()[2] for command in commands if command.startswith("cp ")]
    assert copied == GIMP.folder
    assert all(name.startswith(f"{copied}/") for name in names)
    (program,) = [command.split()[-1] for command in commands if command.startswith("chmod ")]
    start = program.removeprefix(f"${{FLATPAK_DEST}}/{PLUG_INS}/")
    assert start in names
    assert any(command.endswith("share/metainfo/") and release._METAINFO in command for command in commands)


def test_the_metainfo_extends_gimp(written: Path) -> None:
    root = ElementTree.parse(written / release._METAINFO).getroot()
    assert root.get("type") == "addon"
    said = {child.tag: (child.text or "").strip() for child in root}
    assert (said["id"], said["extends"]) == (manifest(written)["id"], "org.gimp.GIMP")
    assert {"name", "summary", "metadata_license", "project_license"} <= said.keys()
    (each,) = root.iter("release")
    assert (each.get("version"), each.get("date")) == ("1.2.3", "2026-12-01")


def test_the_snap_part_places_the_plug_in_where_gimp_looks(written: Path, names: set[str]) -> None:
    content = json.loads((written / release._SNAP).read_text())
    (part,) = content["parts"].values()
    assert part["plugin"] == "dump"
    assert part["source"] == ADDRESS
    assert re.fullmatch(r"sha256/[0-9a-f]{64}", part["source-checksum"])
    ((source, target),) = part["organize"].items()
    assert source == GIMP.folder
    assert f"{source}/{source}.py" in names
    assert target == f"usr/{PLUG_INS}/{source}"
    assert part["stage"] == [target]
    # the daemon's port needs the network, its file the application's own folder
    assert "network" in content["apps"]["gimp"]["plugs"]
