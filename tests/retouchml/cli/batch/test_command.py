"""Folders, lists and batches that are run again, killed, or run twice at once."""

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retouchml.cli import staging
from retouchml.cli.batch import journal
from retouchml.cli.batch.journal import Journal
from retouchml.errors import RetouchError
from tests import stand_in_backend
from tests.retouchml.running import Run, environment, files, load, python, results, results_but_parts, save

PATIENCE = 120  # seconds before a test gives up

COMMAND = """
import sys, time
from pathlib import Path
from retouchml.cli.main import main
from tests import stand_in_backend

class Noted(stand_in_backend.Backend):
    def open(self, pixels, **options):
        with Path(sys.argv[1]).open("a") as file:
            file.write(f"{int(pixels.flat[-1])}\\n")
        time.sleep(float(sys.argv[2]))
        return super().open(pixels, **options)

sys.exit(main(sys.argv[3:], make_backend=Noted))
"""


class Counting(stand_in_backend.Backend):
    """Counts the pictures that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = 0

    def open(self, pixels: Any, **options: Any) -> stand_in_backend.Photo:
        self.opened += 1
        return super().open(pixels, **options)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Five pictures with a face, one without, one broken, in folders."""
    for number, name in enumerate(("a.png", "b.png", "x/a.png", "x/c.png", "x/y/d.png")):
        save_numbered(tmp_path / "tree" / name, number)
    save(tmp_path / "tree" / "empty.png", stand_in_backend.picture(0))
    (tmp_path / "tree" / "x" / "0broken.png").write_bytes(b"no picture")
    return tmp_path / "tree"


ALL = ["a.png", "b.png", "empty.png", "x/a.png", "x/c.png", "x/y/d.png"]


def save_numbered(path: Path, number: int) -> Path:
    """A picture with one face, whose last value is its number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = stand_in_backend.picture(1)
    pixels.flat[-1] = number
    return save(path, pixels)


def reported(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def retouch(run: Run, tree: Path, *more: object, backend: "Counting | None" = None) -> Any:
    return run("beautify", tree, "--recursive", "-o", tree.parent / "out", *more, backend=backend)


def test_a_folder_is_retouched_with_what_lies_below(run: Run, tree: Path) -> None:
    ran = retouch(run, tree)
    assert ran.code == 1  # one is broken
    assert results(tree.parent / "out") == ALL
    assert not np.array_equal(
        load(tree.parent / "out" / "x" / "y" / "d.png"), load(tree / "x" / "y" / "d.png")
    )
    assert ran.out.splitlines()[-1].startswith("5 pictures retouched, 1 without a face, 1 failed; ")


def test_results_may_lie_in_the_folder_of_the_pictures(run: Run, tree: Path) -> None:
    for _ in range(2):
        ran = run("beautify", tree, "--recursive", "-o", tree / "done", "--existing", "skip")
        assert ran.code == 1
        assert results(tree / "done") == ALL


def test_the_folder_of_the_pictures_cannot_take_the_results(run: Run, tree: Path) -> None:
    ran = run("beautify", tree, "-o", tree, "--name", "{stem}-new{suffix}")
    assert ran.code == 2
    assert "cannot take the results" in ran.err


def test_a_folder_with_no_picture_says_where_to_look(run: Run, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outer").mkdir()
    tree.rename(tmp_path / "outer" / "tree")
    ran = run("beautify", tmp_path / "outer", "-o", tmp_path / "out")
    assert (ran.code, ran.out) == (1, "")
    assert "Add `--recursive`" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_list_is_retouched(run: Run, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    Path("list").write_text("b.png\nx/a.png\n")
    assert run("beautify", "--files-from", "list", "-o", tree.parent / "out").code == 0
    assert results(tree.parent / "out") == ["b.png", "x/a.png"]


def test_patterns_and_shards_choose(run: Run, tree: Path) -> None:
    out = tree.parent / "out"
    ran = retouch(run, tree, "--include", "?.png", "--exclude", "x/c*", "--exclude", "b.*")
    assert ran.code == 0
    assert results(out) == ["a.png", "x/a.png", "x/y/d.png"]
    for part in (1, 2, 3):
        retouch(run, tree, "--shard", f"{part}/3", "--existing", "skip")
    assert results(out) == ALL


def test_names_and_formats_of_results(run: Run, tree: Path) -> None:
    retouch(run, tree, "--name", "{stem}-new{suffix}", "--format", "tiff", "--include", "a.png")
    assert results(tree.parent / "out") == ["a-new.tif", "x/a-new.tif"]


def test_pictures_that_differ_in_their_format_alone_get_a_result_each(run: Run, tmp_path: Path) -> None:
    for suffix in (".png", ".tif", ".bmp"):
        save_numbered(tmp_path / "in" / f"a{suffix}", 1)
    assert run("beautify", tmp_path / "in", "-o", tmp_path / "out").code == 0
    assert results(tmp_path / "out") == ["a.bmp.png", "a.png", "a.tif"]


@pytest.mark.parametrize("option", ["--shard", "--include"])
def test_their_names_are_the_same_whichever_of_them_are_taken(option: str, run: Run, tmp_path: Path) -> None:
    pictures = [
        save_numbered(tmp_path / "in" / f"{n}{suffix}", n) for n in range(4) for suffix in (".png", ".bmp")
    ]
    for value in ("1/2", "2/2") if option == "--shard" else ("*.png", "*.bmp"):
        run("beautify", tmp_path / "in", "-o", tmp_path / "out", option, value, "--existing", "skip")
    assert results(tmp_path / "out") == sorted(
        f"{n}{suffix}" for n in range(4) for suffix in (".png", ".bmp.png")
    )
    assert len(pictures) == 8


def test_a_single_picture_of_another_shard_is_left_alone(run: Run, portrait: Path, tmp_path: Path) -> None:
    codes = [
        run("beautify", portrait, "-o", tmp_path / f"{part}.png", "--shard", f"{part}/2").code
        for part in (1, 2)
    ]
    assert codes == [0, 0]
    assert len(list(tmp_path.glob("?.png"))) == 1


def test_a_single_picture_that_fails_has_its_line_too(run: Run, tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    assert run("beautify", tmp_path / "gone.png", "-o", tmp_path / "out.png", "--report", report).code == 1
    assert [line["status"] for line in reported(report)] == ["failed"]


def test_a_place_for_a_face_is_for_one_picture(run: Run, tree: Path) -> None:
    assert retouch(run, tree, "--face-at", "1,1,4,4").code == 2


def test_what_is_done_with_the_same_settings_is_skipped(run: Run, tree: Path) -> None:
    retouch(run, tree)
    backend = Counting()
    ran = retouch(run, tree, "--existing", "skip", backend=backend)
    assert backend.opened == 0
    assert ran.out.splitlines()[-1].startswith("6 skipped, 1 failed; ")


def test_a_single_picture_is_skipped_too(run: Run, tree: Path) -> None:
    command = ["beautify", tree / "a.png", "-o", tree.parent / "one", "--existing", "skip"]
    for opened_pictures in (1, 0):
        backend = Counting()
        assert run(*command, backend=backend).code == 0
        assert backend.opened == opened_pictures
    assert results(tree.parent / "one") == ["a.png"]
    ran = run("beautify", tree / "a.png", "-o", tree / "b.png", "--existing", "skip")
    assert (ran.code, "is for results in a folder" in ran.err) == (2, True)


def test_a_changed_setting_or_picture_is_done_again(run: Run, tree: Path) -> None:
    retouch(run, tree)
    for change in (["--strength", "0.25"], ["--edit", "smile=0.1"], ["--max-faces", "1"]):
        backend = Counting()
        retouch(run, tree, "--existing", "skip", *change, backend=backend)
        assert backend.opened == 6, change
    save_numbered(tree / "x" / "c.png", 77)
    backend = Counting()
    retouch(run, tree, "--existing", "skip", "--max-faces", "1", backend=backend)
    assert backend.opened == 1
    assert int(load(tree.parent / "out" / "x" / "c.png").flat[-1]) == 77


def test_a_further_result_is_made_though_the_picture_is_there(run: Run, tree: Path) -> None:
    retouch(run, tree)
    backend, both = Counting(), tree.parent / "both"
    retouch(run, tree, "--existing", "skip", "--compare", both, backend=backend)
    assert (backend.opened, results(both)) == (6, ALL)
    backend = Counting()
    retouch(run, tree, "--existing", "skip", backend=backend)
    assert backend.opened == 0


def test_half_a_file_is_never_done(run: Run, tree: Path) -> None:
    retouch(run, tree)
    half, foreign = (tree.parent / "out" / name for name in ("b.png", "x/a.png"))
    content = half.read_bytes()
    half.write_bytes(content[: len(content) // 2])
    foreign.write_bytes(b"")
    backend = Counting()
    retouch(run, tree, "--existing", "skip", backend=backend)
    assert backend.opened == 2
    assert half.read_bytes() == content


def test_a_result_that_somebody_changed_is_kept_and_said(run: Run, tree: Path) -> None:
    retouch(run, tree)
    result = tree.parent / "out" / "b.png"
    save(result, stand_in_backend.picture(2))
    changed = result.read_bytes()
    report = tree.parent / "report.jsonl"
    ran = retouch(run, tree, "--existing", "skip", "--strength", "0.25", "--report", report)
    assert result.read_bytes() == changed
    assert f"{result}: It was not made by this command, and stays as it is." in ran.err
    (line,) = (each for each in reported(report) if each["status"] == "skipped")
    assert (line["image"], line["notes"]) == (str(tree / "b.png"), [ran_note(ran.err)])


def ran_note(err: str) -> str:
    return next(line for line in err.splitlines() if "not made by" in line).split(": ", 2)[2]


def test_replace_makes_everything_again(run: Run, tree: Path) -> None:
    retouch(run, tree)
    for option in (["--existing", "replace"], ["--force"]):
        backend = Counting()
        retouch(run, tree, *option, backend=backend)
        assert backend.opened == 6


def test_a_list_that_is_not_there_is_named(run: Run, tree: Path) -> None:
    ran = retouch(run, tree, "--files-from", tree / "missing.txt")
    assert ran.code == 1
    assert "missing.txt cannot be read" in ran.err
    assert not (tree.parent / "out").exists()


def test_without_a_picture_the_ways_to_name_some_are_said(run: Run, tmp_path: Path) -> None:
    ran = run("beautify", "-o", tmp_path / "out")
    assert ran.code == 2
    assert "--files-from" in ran.err


@pytest.mark.parametrize(
    ("option", "retouched"),
    [([], 2), (["--min-face", "5"], 1), (["--max-faces", "1"], 1), (["--min-sharpness", "0.5"], 0)],
)
def test_faces_of_the_background_are_passed_over(
    option: list[str], retouched: int, run: Run, portrait: Path
) -> None:
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"), "--json", "-", *option)
    assert ran.code == 0
    assert len(json.loads(ran.out)["faces"]) == retouched


def test_the_report_has_a_line_for_each_picture_in_order(run: Run, tree: Path) -> None:
    report = tree.parent / "report.jsonl"
    retouch(run, tree, "--report", report)
    lines = reported(report)
    named = [Path(line["image"]).relative_to(tree).as_posix() for line in lines]
    assert named == ["a.png", "b.png", "empty.png", "x/0broken.png", "x/a.png", "x/c.png", "x/y/d.png"]
    assert Counter(line["status"] for line in lines) == {"done": 5, "failed": 1, "no_face": 1}
    assert {line["version"] for line in lines} == {1}
    assert lines[3]["error"]["code"] == "picture_unreadable"
    assert lines[0]["output"] == str(tree.parent / "out" / "a.png")
    assert lines[0]["faces"][0]["score_after"] == 3.25


def test_an_existing_report_is_kept_unless_it_is_extended_or_replaced(run: Run, tree: Path) -> None:
    report = tree.parent / "report.jsonl"
    retouch(run, tree, "--report", report)
    assert retouch(run, tree, "--report", report).code == 1
    assert len(reported(report)) == 7
    retouch(run, tree, "--report", report, "--existing", "skip")
    assert Counter(line["status"] for line in reported(report))["skipped"] == 6
    retouch(run, tree, "--report", report, "--force")
    assert len(reported(report)) == 7


def test_a_report_among_the_pictures_is_refused(run: Run, tree: Path) -> None:
    assert retouch(run, tree, "--report", tree / "a.png", "--force").code == 2


def test_a_full_disk_costs_a_picture_and_the_next_run_mends_it(
    run: Run, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from retouchml.cli import retouch as module

    write = module._write_pictures

    def full(files: Any, *rest: Any) -> Any:
        if files.name == "x/c.png":
            raise OSError(28, "No space left on device")
        return write(files, *rest)

    monkeypatch.setattr(module, "_write_pictures", full)
    ran = retouch(run, tree)
    assert "disk is full" in ran.err.lower()
    assert "x/c.png" not in results(tree.parent / "out")
    monkeypatch.undo()
    backend = Counting()
    retouch(run, tree, "--existing", "skip", backend=backend)
    assert backend.opened == 1
    assert results(tree.parent / "out") == ALL


def test_a_backend_that_fails_for_a_picture_costs_that_picture(run: Run, tree: Path) -> None:
    class Faulty(Counting):
        def open(self, pixels: Any, **options: Any) -> stand_in_backend.Photo:
            if int(pixels.flat[-1]) == 3:
                raise RetouchError("It failed.")
            return super().open(pixels, **options)

    ran = retouch(run, tree, backend=Faulty())
    assert "x/c.png: It failed." in ran.err
    assert len(results(tree.parent / "out")) == 5


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Forty pictures."""
    for number in range(40):
        save_numbered(tmp_path / "many" / f"{number % 4}" / f"{number}.png", number)
    return tmp_path / "many"


def start(log: Path, seconds: float, *argv: object) -> "subprocess.Popen[str]":
    """A command whose backend takes so long for each picture and notes its number."""
    return subprocess.Popen(
        python(COMMAND, log, seconds, "beautify", *argv),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def children() -> Iterator[list["subprocess.Popen[str]"]]:
    """Processes that are ended after the test."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for child in started:
        child.kill()
        child.communicate()


def opened(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def test_killed_again_and_again_a_batch_loses_nothing(
    many: Path, tmp_path: Path, children: "list[subprocess.Popen[str]]"
) -> None:
    out, report, log = tmp_path / "out", tmp_path / "report.jsonl", tmp_path / "log"
    command = [many, "--recursive", "-o", out, "--existing", "skip", "--report", report]
    for kill_at in (5, 17, 30):
        child = start(log, 0.01, *command)
        children.append(child)
        deadline = time.monotonic() + PATIENCE
        while len(opened(log)) < kill_at:
            assert child.poll() is None, child.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.001)
        child.kill()
        child.communicate()
    last = start(log, 0, *command)
    children.append(last)
    _, err = last.communicate(timeout=PATIENCE)
    assert (last.returncode, err) == (0, "")
    names = sorted(path.relative_to(many).as_posix() for path in many.rglob("*.png"))
    assert results_but_parts(out) == names
    for name in names:
        assert int(load(out / name).flat[-1]) == int(Path(name).stem)
    # at most the pictures on their way were done twice: three at each kill
    assert len(opened(log)) <= 40 + 3 * 3
    lines = reported(report)
    assert {line["output"] for line in lines} == {str(out / name) for name in names}
    assert {line["status"] for line in lines} <= {"done", "skipped"}


def test_what_a_killed_command_left_of_a_file_goes_with_the_next_one(
    run: Run, tree: Path, tmp_path: Path
) -> None:
    """That of a picture at which nobody works any more; those of other folders' commands stay."""
    out = tmp_path / "out"
    out.mkdir()
    left = []
    for folder in (out, tmp_path / "another"):
        with Journal(folder).claimed("a.png") as claim:
            left.append(staging._temporary(out / "a.png", claim))
    for path in left:
        path.write_bytes(b"half of it")
    retouch(run, tree, "--include", "a.png", "--existing", "skip")
    assert [path.exists() for path in left] == [False, True]
    assert left[0] != left[1]
    assert results_but_parts(out) == ["a.png", "x/a.png"]


def test_the_line_is_there_when_the_picture_is_and_while_the_next_one_is_made(
    many: Path, tmp_path: Path, children: "list[subprocess.Popen[str]]"
) -> None:
    out, report, log = tmp_path / "out", tmp_path / "report.jsonl", tmp_path / "log"
    child = start(log, 1.0, many / "0", "-o", out, "--report", report)
    children.append(child)
    deadline = time.monotonic() + PATIENCE
    while len(opened(log)) < 2 or not report.exists() or not report.read_text():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.kill()
    assert len(reported(report)) < len(opened(log)) + 1
    assert Path(reported(report)[0]["output"]).exists()


def test_two_commands_that_go_on_in_opposite_orders_do_not_wait_for_each_other(
    many: Path, tmp_path: Path, children: "list[subprocess.Popen[str]]"
) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    out.mkdir()
    pictures = sorted((many / "0").glob("*.png"))
    held = [Journal(out).claimed(path.name) for path in pictures]
    for claim in held:
        claim.__enter__()
    for order in (pictures, pictures[::-1]):
        children.append(start(log, 0.01, *order, "-o", out, "--existing", "skip"))
    time.sleep(3)  # both wait by now, or will
    for claim in held:
        claim.__exit__(None, None, None)
    for child in children:
        child.communicate(timeout=PATIENCE)
        assert child.returncode == 0
    assert len(opened(log)) == len(pictures)


def test_two_commands_on_one_folder_do_no_work_twice(
    many: Path, tmp_path: Path, children: "list[subprocess.Popen[str]]"
) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    reports = [tmp_path / f"{number}.jsonl" for number in range(2)]
    command = [many, "--recursive", "-o", out, "--existing", "skip"]
    children += [start(log, 0.01, *command, "--report", report) for report in reports]
    for child in children:
        _, err = child.communicate(timeout=PATIENCE)
        assert (child.returncode, err) == (0, "")
    assert sorted(opened(log)) == list(range(40))
    assert len(results(out)) == 40
    done = [line["image"] for report in reports for line in reported(report) if line["status"] == "done"]
    assert len(done) == len(set(done)) == 40
    assert files(out / journal.FOLDER) == ["journal.jsonl", "journal.lock"]
