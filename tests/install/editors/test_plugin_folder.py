"""A plug-in is put into an editor's folder whole, renewed, and taken away without touching others' files."""

import json
import os
import sys
from pathlib import Path

import pytest

from install.actions.gimp import GimpPlugin
from install.editors import light_part, plugin_folder
from install.errors import InstallError


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Path]:
    """Files of a plug-in by their place in its folder; the first may be run."""
    files = {}
    for place in ("start.py", "package/__init__.py", "package/deep/data.bin"):
        path = tmp_path / "sources" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {place}")
        files[place] = path
    files["start.py"].chmod(0o755)
    return files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the plug-in is to go, in a folder of plug-ins that does not exist yet."""
    (tmp_path / "profile").mkdir()
    return tmp_path / "profile" / "plug-ins" / "ours"


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != plugin_folder.MANIFEST
    }


def whole(sources: dict[str, Path]) -> dict[str, str]:
    return {place: path.read_text() for place, path in sources.items()}


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.parent.parent.iterdir() if path.name != folder.parent.name]


def test_a_plug_in_is_placed_once_and_can_be_run(sources: dict[str, Path], folder: Path) -> None:
    assert plugin_folder.place(folder, sources)
    assert content(folder) == whole(sources)
    assert os.access(folder / "start.py", os.X_OK)
    if sys.platform != "win32":  # where every file may be run
        assert not os.access(folder / "package" / "__init__.py", os.X_OK)
    before = folder.stat().st_ino
    assert not plugin_folder.place(folder, sources)
    assert folder.stat().st_ino == before
    assert leftovers(folder) == []


def test_a_renewal_drops_what_is_no_longer_wanted_and_keeps_what_others_added(
    sources: dict[str, Path], folder: Path
) -> None:
    beside = {"ours.desktop": sources["start.py"], "ours.action": sources["start.py"]}
    plugin_folder.place(folder, sources, beside)
    (folder / "notes").mkdir()
    (folder / "notes" / "mine.txt").write_text("mine")
    del sources["package/deep/data.bin"], beside["ours.action"]
    sources["start.py"].write_text("newer")
    assert plugin_folder.place(folder, sources, beside)
    assert content(folder) == {**whole(sources), "notes/mine.txt": "mine"}
    assert (folder.parent / "ours.desktop").read_text() == "newer"
    assert not (folder.parent / "ours.action").exists()
    assert leftovers(folder) == []


def test_a_folder_of_an_older_layout_is_replaced_whole_and_keeps_what_others_added(folder: Path) -> None:
    # as version 0.1.0 laid it out, before RetouchML had subpackages
    old = ("retouchml-beautify.py", "plugin_gimp/session.py", "retouchml/line.py", "retouchml/protocol.py")
    for name in (*old, "retouchml/__pycache__/line.cpython-312.pyc", "notes/mine.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("old")
    manifest = {"files": dict.fromkeys(old, "0" * 64), "beside": {}}
    (folder / "retouchml-installed.json").write_text(json.dumps(manifest, indent=1) + "\n")
    files = {**GimpPlugin().own_files(), **light_part.files()}
    assert plugin_folder.place(folder, files)
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {*files, "retouchml-installed.json", "notes/mine.txt"}
    assert not plugin_folder.place(folder, files)


@pytest.mark.parametrize("damage", ["changed", "deleted"])
def test_a_damaged_plug_in_is_mended(sources: dict[str, Path], folder: Path, damage: str) -> None:
    plugin_folder.place(folder, sources)
    victim = folder / "package" / "__init__.py"
    victim.write_text("broken") if damage == "changed" else victim.unlink()
    assert plugin_folder.place(folder, sources)
    assert content(folder) == whole(sources)


def test_removing_takes_just_what_was_placed(sources: dict[str, Path], folder: Path) -> None:
    plugin_folder.place(folder, sources, {"ours.desktop": sources["start.py"]})
    (folder.parent / "other.desktop").write_text("other")
    (folder / "package" / "__pycache__").mkdir()
    (folder / "package" / "__pycache__" / "x.pyc").write_bytes(b"")
    assert plugin_folder.remove(folder) == []
    assert sorted(path.name for path in folder.parent.iterdir()) == ["other.desktop"]


def test_removing_leaves_a_file_that_somebody_added_and_names_it(
    sources: dict[str, Path], folder: Path
) -> None:
    plugin_folder.place(folder, sources)
    mine = folder / "package" / "mine.txt"
    mine.write_text("mine")
    assert plugin_folder.remove(folder) == [mine]
    assert content(folder) == {"package/mine.txt": "mine"}


def test_a_folder_that_is_somebody_elses_is_neither_overwritten_nor_removed(
    sources: dict[str, Path], folder: Path
) -> None:
    folder.mkdir(parents=True)
    (folder / "start.py").write_text("theirs")
    with pytest.raises(InstallError, match="was not made by this installer"):
        plugin_folder.place(folder, sources)
    with pytest.raises(InstallError, match="was not made by this installer"):
        plugin_folder.remove(folder)
    assert content(folder) == {"start.py": "theirs"}


def test_a_manifest_that_points_out_of_its_folder_is_not_believed(
    sources: dict[str, Path], folder: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    plugin_folder.place(folder, sources)
    for place in ("../../../precious", str(precious)):
        (folder / plugin_folder.MANIFEST).write_text(f'{{"files": {{"{place}": ""}}, "beside": {{}}}}')
        with pytest.raises(InstallError, match="was not made by this installer"):
            plugin_folder.remove(folder)
    assert precious.exists()


def test_a_failure_half_way_leaves_the_former_plug_in(
    sources: dict[str, Path], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin_folder.place(folder, sources)
    before = content(folder)
    sources["start.py"].write_text("newer")
    rename = Path.rename

    def fail_on_the_new(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_on_the_new)
    with pytest.raises(OSError, match="No space"):
        plugin_folder.place(folder, sources)
    assert content(folder) == before
    assert leftovers(folder) == []
