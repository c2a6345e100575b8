"""Every option for many pictures, used wrongly: refused before any work, with a sentence that helps."""

import argparse
from pathlib import Path

import pytest

from retouchml.cli.batch.options import add_batch_options
from tests import stand_in_backend
from tests.retouchml.running import Run, files, results, save

WRONG: dict[str, list[tuple[list[str], str]]] = {
    "--recursive": [(["in", "--recursive=yes"], "ignored explicit argument 'yes'")],
    "--files-from": [
        (["--files-from"], "expected one argument"),
        (["--files-from", ""], "a file name is missing"),
        (["--files-from", "one.png"], "one.png is a picture, and no list of pictures"),
        (["--files-from", "list", "--files-from", "list"], "--files-from: it can be given once"),
        (["--files-from", "s3://bucket/list"], "is for this machine"),
    ],
    "--watch": [
        (["--watch", ""], "a file name is missing"),
        (["--watch", "gone"], "There is no folder gone"),
        (["--watch", "list"], "list is no folder"),
        (["--watch", "in", "--watch", "x"], "--watch: it can be given once"),
        (["--watch", "in", "one.png"], "from its folder alone"),
        (["--watch", "in", "--files-from", "list"], "from its folder alone"),
        (["--watch", "s3://bucket/in"], "is for this machine"),
    ],
    "--include": [
        (["in", "--include"], "expected one argument"),
        (["in", "--include", ""], "A pattern is missing"),
        (["in", "--include", "*.gif"], "None of the pictures (2) has a name"),
        (["in", "--include", "*", "--exclude", "*"], "None of the pictures (2) has a name"),
    ],
    "--exclude": [
        (["in", "--exclude", ""], "A pattern is missing"),
        (["in/a.png", "--exclude", "*"], "None of the pictures (1) has a name"),
    ],
    "--shard": [
        (["in", "--shard", ""], "is not I/N"),
        (["in", "--shard", "1"], "is not I/N"),
        (["in", "--shard", "0/4"], "is not I/N"),
        (["in", "--shard", "5/4"], "is not I/N"),
        (["in", "--shard", "1/0"], "is not I/N"),
        (["in", "--shard", "one/two"], "is not I/N"),
    ],
    "--existing": [
        (["in", "--existing", "perhaps"], "invalid choice"),
        (["in", "--existing", ""], "invalid choice"),
        (["in", "--existing", "skip", "--force"], "say different things"),
        (["one.png", "--existing", "skip", "-o", "new.png"], "new.png names a file"),
    ],
    "--name": [
        (["in", "--name", ""], "is no pattern for names"),
        (["in", "--name", "same.png"], "must have {stem}"),
        (["in", "--name", "{number}{stem}"], "is no pattern for names"),
        (["in", "--name", "{stem"], "is no pattern for names"),
        (["in", "--name", "../{stem}"], "must not contain folders"),
        (["one.png", "-o", "new.png", "--name", "{stem}"], "for results in a folder"),
    ],
    "--format": [
        (["in", "--format", ""], "'' is no format of results. It is png, tiff, jpeg, webp"),
        (["in", "--format", "gif"], "'gif' is no format of results"),
        (["one.png", "-o", "new.png", "--format", "png"], "for results in a folder"),
    ],
    "--report": [
        (["in", "--report", ""], "a file name is missing"),
        (["in", "--report", "-"], "needs a file"),
        (["in", "--report", "in/a.png", "--force"], "is an input, which is never written to"),
        (["in", "--report", "out/a.png"], "Two results would go to out/a.png"),
        (["in", "--report", "both", "--json", "both"], "Two results would go to both"),
        (["in", "--report", "list", "--existing", "skip"], "is no report that can be extended"),
    ],
    "--min-face": [
        (["in", "--min-face", ""], "not a whole number"),
        (["in", "--min-face", "0"], "not a whole number"),
        (["in", "--min-face", "1.5"], "not a whole number"),
        (["in", "--min-face", "99999999"], "not a whole number"),
    ],
    "--min-sharpness": [
        (["in", "--min-sharpness", ""], "not a number from 0 to 1"),
        (["in", "--min-sharpness", "2"], "not a number from 0 to 1"),
        (["in", "--min-sharpness", "nan"], "not a number from 0 to 1"),
        (["in", "--min-sharpness", "sharp"], "not a number from 0 to 1"),
    ],
    "--max-faces": [
        (["in", "--max-faces", "0"], "not a whole number"),
        (["in", "--max-faces", "-1"], "not a whole number"),
        (["in", "--max-faces", "all"], "not a whole number"),
    ],
    "--ray": [
        (["in", "--ray="], "`--ray=` lacks an address"),
        (["in", "--ray=host"], "is no address of a Ray cluster"),
        (["in", "--ray=http://host:1"], "is no address of a Ray cluster"),
        (["--ray", "in"], "put `--ray` behind the pictures"),
        (["in", "--ray", "--remote", "studio"], "say different machines"),
    ],
    "--ray-workers": [
        (["in", "--ray-workers", "2"], "are for `--ray`"),
        (["in", "--ray", "--ray-workers", "0"], "not a whole number"),
        (["in", "--ray", "--ray-workers", "two"], "not a whole number"),
    ],
    "--ray-gpus": [
        (["in", "--ray-gpus", "0.5"], "are for `--ray`"),
        (["in", "--ray", "--ray-gpus", "1.5"], "not a number from 0 to 1"),
        (["in", "--ray", "--ray-gpus", "half"], "not a number from 0 to 1"),
    ],
    "--remote": [
        (["in", "--remote"], "expected one argument"),
        (["in", "--remote", ""], "`--remote` needs a name"),
        (["in", "--remote", "gone"], "There is no remote called gone"),
    ],
}
CASES = [case for cases in WRONG.values() for case in cases]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands run: a folder ``in`` with two pictures, another picture, and a list."""
    (tmp_path / "in").mkdir()
    for name in ("in/a.png", "in/b.png", "one.png"):
        save(tmp_path / name, stand_in_backend.picture(1))
    (tmp_path / "list").write_text("in/a.png\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("arguments", "words"), CASES, ids=[" ".join(case) for case, _ in CASES])
def test_it_is_explained_before_any_work(arguments: list[str], words: str, run: Run, here: Path) -> None:
    before = files(here)
    ran = run("beautify", *arguments, *([] if "-o" in arguments else ["-o", "out"]))
    assert ran.code == 2
    assert words in ran.err
    assert ran.err.count("\n") <= 2  # the usage does not bury it
    assert files(here) == before


def test_no_option_is_left_out() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    add_batch_options(parser)
    options = {action.option_strings[0] for action in parser._actions}
    assert options | {"--remote"} == set(WRONG)


@pytest.mark.parametrize("name", ["jpeg", "JPG", ".jpg"])
def test_a_format_may_be_a_suffix(name: str, run: Run, here: Path) -> None:
    assert run("beautify", "in", "-o", "out", "--format", name).code == 0
    assert results(here / "out") == ["a.jpg", "b.jpg"]


def test_pictures_may_come_before_and_behind_options(run: Run, here: Path) -> None:
    assert run("beautify", "one.png", "-o", "out", "in/a.png", "--quiet", "in/b.png").code == 0
    assert results(here / "out") == ["a.png", "b.png", "one.png"]
    ran = run("faces", "one.png", "--json", "in/a.png")
    assert (ran.code, "in/a.png" in ran.out) == (0, True)


def test_what_follows_two_dashes_is_a_picture(run: Run, here: Path) -> None:
    (here / "in" / "a.png").rename(here / "-a.png")
    (here / "out").mkdir()
    assert run("beautify", "-o", "out", "--quiet", "--", "-a.png").code == 0
    assert run("beautify", "one.png", "-o", "more", "--quiet", "--", "-a.png", "in/b.png").code == 0
    assert results(here / "out") == ["-a.png"]
    assert results(here / "more") == ["-a.png", "b.png", "one.png"]
    assert run("faces", "one.png", "--json", "--", "-a.png").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["one.png", "-o", "out", "in/a.png", "--bad"], "unrecognized arguments: --bad"),
        (["one.png", "-o", "out", ""], "a file name is missing"),
        (["in", "-o", "one.png"], "one.png is a file. Name a folder with -o."),
    ],
)
def test_what_is_wrong_around_them_is_named(arguments: list[str], words: str, run: Run, here: Path) -> None:
    ran = run("beautify", *arguments)
    assert ran.code == 2
    assert words in ran.err
    assert "usage: retouchml [" not in ran.err  # but that of the command, if any


def test_a_missing_picture_is_said_before_anything_of_its_result(run: Run, here: Path) -> None:
    ran = run("beautify", "gone.png", "-o", "nowhere")
    assert ran.code == 1
    assert "There is no file gone.png" in ran.err


def test_a_list_may_begin_as_a_picture_does(run: Run, here: Path) -> None:
    (here / "BM").mkdir()  # as a bitmap
    (here / "in" / "a.png").rename(here / "BM" / "a.png")
    (here / "list").write_bytes(b"BM/a.png\0one.png\0")
    assert run("beautify", "--files-from", "list", "-o", "out").code == 0
    assert results(here / "out") == ["BM/a.png", "one.png"]
