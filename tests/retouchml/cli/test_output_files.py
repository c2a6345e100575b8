"""Where results may go: found out before any slow work."""

import os
import stat
import sys
from pathlib import Path, PurePath
from typing import Any

import pytest

from retouchml.cli import output_files
from retouchml.cli.batch.inputs import Input
from tests import stand_in_backend
from tests.retouchml.running import Run, files, needs_links, needs_modes


class Unwanted(stand_in_backend.Backend):
    """A backend that must not be used."""

    def open(self, *_arguments: Any, **_options: Any) -> stand_in_backend.Photo:
        raise AssertionError("the slow work has begun")


OPTIONS = {"-o": "out.png", "--compare": "both.png", "--layer": "layer.png", "--json": "report.json"}


def given(name: str) -> Input:
    """A picture that was named."""
    return Input(Path(name), PurePath(name))


def command(picture: Path, **changed: object) -> list[object]:
    """``beautify`` with four results beside ``picture``; o, compare, layer and json change them."""
    names = {
        option: changed.get(option.strip("-"), picture.with_name(name)) for option, name in OPTIONS.items()
    }
    return ["beautify", picture, *(word for pair in names.items() for word in pair)]


@pytest.mark.parametrize("option", OPTIONS)
def test_an_existing_file_is_kept_unless_forced_whichever_option_names_it(
    option: str, run: Run, portrait: Path
) -> None:
    existing = portrait.with_name(OPTIONS[option])
    existing.write_text("precious")
    ran = run(*command(portrait), backend=Unwanted())
    assert ran.code == 1
    assert ran.err.startswith(f"retouchml: {existing} exists already.")
    assert "--force" in ran.err
    assert existing.read_text() == "precious"
    assert len(files(portrait.parent)) == 2

    assert run(*command(portrait), "--force").code == 0
    assert existing.read_bytes() != b"precious"
    assert len(files(portrait.parent)) == 5


@pytest.mark.parametrize("option", OPTIONS)
def test_no_result_is_ever_the_input_even_if_forced(option: str, run: Run, portrait: Path) -> None:
    content = portrait.read_bytes()
    ran = run(*command(portrait, **{option.strip("-"): portrait}), "--force", backend=Unwanted())
    assert ran.code == 2
    assert f"{portrait} is an input" in ran.err
    assert portrait.read_bytes() == content


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("symbolic link", marks=needs_links),
        "hard link",
        "another spelling",
        pytest.param("linked folder", marks=needs_links),
    ],
)
def test_the_input_is_recognised_under_any_name(kind: str, run: Run, portrait: Path, tmp_path: Path) -> None:
    alias = portrait.with_name("alias.png")
    if kind == "symbolic link":
        alias.symlink_to(portrait)
    elif kind == "hard link":
        alias.hardlink_to(portrait)
    elif kind == "another spelling":
        alias = portrait.parent / ".." / portrait.parent.name / portrait.name
    else:
        (tmp_path / "linked").symlink_to(portrait.parent)
        alias = tmp_path / "linked" / portrait.name
    content = portrait.read_bytes()
    ran = run("beautify", portrait, "-o", alias, "--force", backend=Unwanted())
    assert ran.code == 2
    assert "is an input" in ran.err
    assert portrait.read_bytes() == content


def test_another_input_is_no_target_either(run: Run, portrait: Path, landscape: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    more = ["--json", landscape, "--force"]
    assert run("beautify", portrait, landscape, "-o", out, *more, backend=Unwanted()).code == 2
    assert not out.exists()


def test_two_results_of_one_name_are_refused(run: Run, portrait: Path) -> None:
    out = portrait.with_name("out.png")
    ran = run("beautify", portrait, "-o", out, "--compare", out, "--force", backend=Unwanted())
    assert ran.code == 2
    assert f"Two results would go to {out}." in ran.err


@pytest.mark.parametrize("option", OPTIONS)
def test_a_missing_folder_is_found_out_early(option: str, run: Run, portrait: Path) -> None:
    lost = portrait.parent / "lost" / OPTIONS[option]
    ran = run(*command(portrait, **{option.strip("-"): lost}), backend=Unwanted())
    assert ran.code == 1
    assert f"The folder {lost.parent} does not exist." in ran.err
    assert files(portrait.parent) == ["portrait.png"]


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that not even root can write to")
def test_a_folder_that_cannot_be_written_to_is_found_out_early(option: str, run: Run, portrait: Path) -> None:
    ran = run(*command(portrait, **{option.strip("-"): f"/proc/self/{OPTIONS[option]}"}), backend=Unwanted())
    assert ran.code == 1
    assert "cannot be written to" in ran.err
    assert files(portrait.parent) == ["portrait.png"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write to a read-only folder")
def test_a_read_only_folder_is_found_out_early(run: Run, portrait: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    ran = run("beautify", portrait, "-o", closed / "out.png", backend=Unwanted())
    assert ran.code == 1
    assert f"{closed} cannot be written to" in ran.err


def test_a_device_is_no_place_for_a_picture(run: Run, portrait: Path) -> None:
    ran = run("beautify", portrait, "-o", "/dev/null", "--force", backend=Unwanted())
    assert ran.code == 1
    assert "not an ordinary file" in ran.err
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_report_may_go_to_a_device_which_stays_one(run: Run, portrait: Path) -> None:
    assert run("beautify", portrait, "-o", portrait.with_name("out.png"), "--json", "/dev/null").code == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_name_that_is_too_long_is_found_out_early(run: Run, portrait: Path) -> None:
    ran = run("beautify", portrait, "-o", portrait.with_name("x" * 300 + ".png"), backend=Unwanted())
    assert ran.code == 1
    assert "too long" in ran.err


def test_a_slash_at_the_end_means_a_folder(tmp_path: Path) -> None:
    for slash in filter(None, (os.sep, os.altsep)):
        (single,) = output_files.locate([given("in.png")], f"{tmp_path / 'new'}{slash}").pictures
        assert single.picture == tmp_path / "new" / "in.png"


@pytest.mark.skipif(sys.platform != "win32", reason="elsewhere, these are two files")
def test_names_that_differ_in_their_capitals_alone_are_one_file(run: Run, portrait: Path) -> None:
    small, capital = portrait.with_name("out.png"), portrait.with_name("OUT.png")
    ran = run("beautify", portrait, "-o", small, "--compare", capital, backend=Unwanted())
    assert ran.code == 2
    assert "Two results would go to" in ran.err


@pytest.mark.skipif(sys.platform != "win32", reason="elsewhere, a mode says nothing about removing a file")
def test_nothing_is_left_beside_a_file_that_is_marked_read_only(run: Run, portrait: Path) -> None:
    out = portrait.with_name("out.png")
    out.write_text("precious")
    out.chmod(0o444)
    run("beautify", portrait, "-o", out, "--force")
    assert files(portrait.parent) == ["out.png", portrait.name]


def test_the_longest_name_a_disk_allows_can_be_written(run: Run, portrait: Path) -> None:
    out = portrait.with_name("x" * 251 + ".png")
    assert run("beautify", portrait, "-o", out).code == 0
    assert out.is_file()


def test_a_result_in_an_existing_folder_is_called_like_the_input(
    run: Run, portrait: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    assert run("beautify", portrait, "-o", tmp_path / "out").code == 0
    assert files(tmp_path / "out") == ["portrait.png"]


def test_a_slash_at_the_end_means_a_folder_to_be_made(run: Run, portrait: Path, tmp_path: Path) -> None:
    assert run("beautify", portrait, "-o", f"{tmp_path}/new/out/").code == 0
    assert files(tmp_path / "new" / "out") == ["portrait.png"]


def test_a_folder_made_for_nothing_is_taken_away_again(run: Run, folder: Path, tmp_path: Path) -> None:
    assert run("beautify", folder / "missing.png", "-o", f"{tmp_path}/new/out/").code == 1
    assert not (tmp_path / "new").exists()


def test_a_folder_that_was_there_stays_even_if_empty(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    assert run("beautify", folder / "missing.png", "-o", f"{tmp_path}/new/out/").code == 1
    assert files(tmp_path / "new") == []


@needs_links
def test_a_symbolic_link_keeps_pointing_where_it_did_when_its_file_is_replaced(
    run: Run, portrait: Path, tmp_path: Path
) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "real.png").write_text("old")
    link = portrait.with_name("out.png")
    link.symlink_to(shelf / "real.png")
    assert run("beautify", portrait, "-o", link, "--force").code == 0
    assert link.is_symlink()
    assert (shelf / "real.png").read_bytes().startswith(b"\x89PNG")
    assert files(shelf) == ["real.png"]


@needs_modes
def test_new_singlehave_the_mode_of_new_singleand_replaced_ones_keep_theirs(run: Run, portrait: Path) -> None:
    former = os.umask(0o027)
    try:
        existing = portrait.with_name("both.png")
        existing.touch()
        existing.chmod(0o600)
        assert run(*command(portrait), "--force").code == 0
    finally:
        os.umask(former)
    modes = {name: stat.S_IMODE(portrait.with_name(name).stat().st_mode) for name in OPTIONS.values()}
    assert modes == {"out.png": 0o640, "both.png": 0o600, "layer.png": 0o640, "report.json": 0o640}


def test_a_file_that_came_into_being_in_the_meantime_is_kept(run: Run, portrait: Path) -> None:
    out = portrait.with_name("out.png")

    class Slow(stand_in_backend.Backend):
        def open(self, *arguments: Any, **options: Any) -> stand_in_backend.Photo:
            out.write_text("precious")
            return super().open(*arguments, **options)

    ran = run(*command(portrait), backend=Slow())
    assert ran.code == 1
    assert "exists already" in ran.err
    assert files(portrait.parent) == ["out.png", "portrait.png"]
    assert out.read_text() == "precious"


def test_a_result_in_a_folder_has_a_format_that_is_written() -> None:
    names = ["a.gif", "b.BMP", "c.JPG", "d.jfif", "e"]
    located = output_files.locate([given(name) for name in names], "out", several=True).pictures
    assert [files.picture.name for files in located] == ["a.png", "b.png", "c.JPG", "d.png", "e.png"]
    (alone,) = output_files.locate([given("a.gif")], "b.gif").pictures
    assert alone.picture == Path("b.gif")  # which is refused with a sentence
