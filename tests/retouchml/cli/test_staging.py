"""Results appear together or not at all; what a killed process left behind is swept away."""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from retouchml.cli.staging import Staging
from retouchml.system.files import atomic_file
from tests import stand_in_backend
from tests.retouchml.running import Run, files, needs_links, save

OLD = 25 * 3600.0  # seconds


def leave(path: Path, age: float = OLD) -> Path:
    """A file that was written ``age`` seconds ago."""
    path.write_text("half of a picture")
    os.utime(path, (time.time() - age,) * 2)
    return path


def write(target: Path) -> None:
    """Stage and commit ``target``."""
    with Staging(force=True) as staging:
        staging.write_text(target, "whole")
        staging.commit()


def test_the_next_result_sweeps_what_was_left_a_day_ago(tmp_path: Path) -> None:
    leave(tmp_path / ".retouchml-0123456789ab.png")
    leave(tmp_path / ".retouchml-0123456789ab")
    leave(tmp_path / ".retouchml-ba9876543210.tiff")
    with suppress(KeyboardInterrupt), atomic_file(tmp_path / "picture.png"):
        # by a kill in the middle of the encoding
        (temporary,) = tmp_path.glob(".*.part")
        copy = shutil.copy2(leave(temporary), tmp_path / "kept")
        raise KeyboardInterrupt
    Path(copy).rename(temporary)
    write(tmp_path / "out.png")
    assert files(tmp_path) == ["out.png"]


def test_what_may_still_be_written_stays(tmp_path: Path) -> None:
    young = leave(tmp_path / ".retouchml-0123456789ab.png", OLD - 2 * 3600.0)
    write(tmp_path / "out.png")
    assert files(tmp_path) == [young.name, "out.png"]


@pytest.mark.parametrize(
    "name",
    [
        ".retouchml-notes.png",
        ".retouchml-0123456789abc.png",
        ".retouchml-0123456789AB.png",
        ".retouchml-0123456789abcdef.png",
        "retouchml-0123456789ab.png",
        "x.retouchml-0123456789ab.png",
    ],
)
def test_what_is_only_called_alike_stays(name: str, tmp_path: Path) -> None:
    leave(tmp_path / name)
    write(tmp_path / "out.png")
    assert name in files(tmp_path)


@needs_links
def test_folders_links_and_other_folders_stay(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "results", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / ".retouchml-0123456789ab").mkdir()
    os.utime(folder / ".retouchml-0123456789ab", (0.0, 0.0))
    precious = leave(tmp_path / "precious.png")
    link = folder / ".retouchml-ab0123456789.png"
    link.symlink_to(precious)
    os.utime(link, (0.0, 0.0), follow_symlinks=False)
    other = leave(elsewhere / ".retouchml-0123456789ab.png")
    write(folder / "out.png")
    assert files(folder) == [".retouchml-0123456789ab", ".retouchml-ab0123456789.png", "out.png"]
    assert precious.exists()
    assert other.exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="gives a file to somebody else")
def test_what_belongs_to_somebody_else_stays(tmp_path: Path) -> None:
    theirs = leave(tmp_path / ".retouchml-0123456789ab.png")
    os.chown(theirs, 12345, -1)
    write(tmp_path / "out.png")
    assert theirs.exists()


@needs_links
def test_a_link_as_target_sweeps_where_the_file_really_lies(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "real.png").write_text("old")
    (tmp_path / "out.png").symlink_to(shelf / "real.png")
    leave(shelf / ".retouchml-0123456789ab.png")
    write(tmp_path / "out.png")
    assert files(shelf) == ["real.png"]


def test_beautify_sweeps(run: Run, tmp_path: Path) -> None:
    picture = save(tmp_path / "in.png", stand_in_backend.picture(1))
    leave(tmp_path / ".retouchml-0123456789ab.png")
    assert run("beautify", picture, "-o", tmp_path / "out.png").code == 0
    assert files(tmp_path) == ["in.png", "out.png"]


def test_when_writing_one_result_fails_none_of_them_appears(
    run: Run, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = portrait.with_name("out.png")
    out.write_text("former")

    class Spoiling(stand_in_backend.Photo):
        def layer(self, patches: Any) -> Any:
            return super().layer(patches)[..., :2]  # no picture has two channels

    class SpoilingBackend(stand_in_backend.Backend):
        def open(self, pixels: Any, **_options: Any) -> stand_in_backend.Photo:
            photo = super().open(pixels)
            return Spoiling(photo.pixels, photo.faces, photo.looks)

    more = ["--layer", portrait.with_name("layer.png"), "--force"]
    assert run("beautify", portrait, "-o", out, *more, backend=SpoilingBackend()).code == 1
    assert out.read_text() == "former"
    assert files(portrait.parent) == ["out.png", "portrait.png"]
