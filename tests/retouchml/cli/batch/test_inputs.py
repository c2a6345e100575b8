"""Which pictures a command takes, and their names below the results."""

import io
from pathlib import Path, PurePath
from types import SimpleNamespace

import pytest

from retouchml.cli.batch.inputs import Input, Selection, collect, read_list, shard_of
from retouchml.errors import PictureUnreadable
from tests.retouchml.running import needs_links


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Pictures, others, hidden ones, in folders."""
    for name in ("b.jpg", "A.PNG", "notes.txt", ".hidden.png", "in/c.heic", "in/deep/d.tif", ".cache/e.png"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "tree"


def names(*paths: Path, listed: "tuple[Path, ...]" = (), **options: object) -> list[str]:
    """The names of what is collected."""
    recursive, without = bool(options.get("recursive")), options.get("without", ())
    found = collect(
        paths,
        listed,
        recursive=recursive,
        without=without,  # type: ignore[arg-type]
        on_unreadable=lambda error: pytest.fail(str(error)),
    )
    return [each.name.as_posix() for each in found]


def test_a_folder_means_the_pictures_in_it(tree: Path) -> None:
    assert names(tree) == ["A.PNG", "b.jpg"]


def test_folders_below_keep_their_place(tree: Path) -> None:
    assert names(tree, recursive=True) == ["A.PNG", "b.jpg", "in/c.heic", "in/deep/d.tif"]


def test_folders_of_results_are_passed_over(tree: Path) -> None:
    assert names(tree, recursive=True, without=[tree / "in" / "deep"]) == ["A.PNG", "b.jpg", "in/c.heic"]


@needs_links
def test_a_link_to_a_folder_is_not_followed(tree: Path) -> None:
    (tree / "in" / "loop").symlink_to(tree)
    assert names(tree / "in", recursive=True) == ["c.heic", "deep/d.tif"]


def test_several_folders_keep_their_own_names(tree: Path) -> None:
    (tree / "in" / "b.jpg").touch()
    assert names(tree, tree / "in") == ["tree/A.PNG", "tree/b.jpg", "in/b.jpg", "in/c.heic"]


def test_equal_names_keep_their_place_below_the_folder_that_they_share(tree: Path) -> None:
    (tree / "in" / "b.jpg").touch()
    assert names(tree / "b.jpg", tree / "in" / "b.jpg") == ["b.jpg", "in/b.jpg"]
    assert names(tree / "b.jpg", tree / "in" / "c.heic") == ["b.jpg", "c.heic"]


def test_a_name_never_leads_out_of_the_results(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "in" / "b.jpg").touch()
    (tree / "in" / "deep" / "b.jpg").touch()
    monkeypatch.chdir(tree / "in" / "deep")
    assert names(Path("../b.jpg"), Path("b.jpg")) == ["b.jpg", "deep/b.jpg"]
    assert names(listed=(Path("x/../../b.jpg"), Path("b.jpg"))) == ["b.jpg", "deep/b.jpg"]
    assert names(Path(".."), Path("b.jpg")) == ["in/b.jpg", "in/c.heic", "b.jpg"]
    assert names(Path("..")) == ["b.jpg", "c.heic"]


def test_a_picture_that_is_named_twice_is_taken_once(tree: Path) -> None:
    assert names(tree / "b.jpg", tree / "in" / ".." / "b.jpg") == ["b.jpg"]
    assert names(tree, tree / "b.jpg") == ["tree/A.PNG", "tree/b.jpg"]


def test_a_listed_name_keeps_its_folders_if_it_is_relative(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree)
    listed = (Path("in/c.heic"), Path("../tree/b.jpg"), tree / "in" / "deep" / "d.tif")
    assert names(listed=listed) == ["in/c.heic", "b.jpg", "d.tif"]


def test_a_folder_that_cannot_be_listed_is_told_of(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[OSError] = []
    (tree / "gone").mkdir()
    scandir = __import__("os").scandir

    def refuse(path: object) -> object:
        if str(path).endswith("gone"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("os.scandir", refuse)
    found = collect([tree], recursive=True, on_unreadable=told.append)
    assert len(found) == 4
    assert [error.filename for error in told] == [str(tree / "gone")]


@pytest.mark.parametrize(
    ("content", "ends"), [(b"a.jpg\n b c.png\r\n\n", "lines"), (b"a.jpg\0 b c.png\0", "NUL")]
)
def test_a_list_has_a_name_in_each_line_or_nul_after_each(content: bytes, ends: str, tmp_path: Path) -> None:
    path = tmp_path / ends
    path.write_bytes(content)
    assert read_list(path) == [Path("a.jpg"), Path(" b c.png")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_list_may_begin_with_a_mark_of_its_encoding(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes("a.jpg\nü.png\n".encode(encoding))
    assert read_list(path) == [Path("a.jpg"), Path("ü.png")]


def test_a_list_may_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"one\nline\n.png\0")))
    assert read_list(None) == [Path("one\nline\n.png")]


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(PictureUnreadable, match=r"list .*gone cannot be read"):
        read_list(tmp_path / "gone")


@pytest.mark.parametrize(
    ("include", "exclude", "taken"),
    [
        ((), (), ["a/b.jpg", "a/c.PNG", "d.jpg"]),
        (("*.jpg",), (), ["a/b.jpg", "d.jpg"]),
        (("*.png", "D*"), (), ["a/c.PNG", "d.jpg"]),
        ((), ("a/*",), ["d.jpg"]),
        (("*.jpg",), ("d.*",), ["a/b.jpg"]),
    ],
)
def test_patterns_are_for_the_name_below_or_its_last_part(
    include: tuple[str, ...], exclude: tuple[str, ...], taken: list[str]
) -> None:
    all_names = [PurePath(name) for name in ("a/b.jpg", "a/c.PNG", "d.jpg")]
    selection = Selection(include, exclude)
    assert [name.as_posix() for name in all_names if selection.takes(name)] == taken


def test_every_picture_is_in_one_shard_which_its_name_alone_decides() -> None:
    all_names = [PurePath(f"{number // 10}/{number}.jpg") for number in range(1000)]
    parts = [[name for name in all_names if Selection(shard=(part, 4)).takes(name)] for part in range(1, 5)]
    assert sorted(name for part in parts for name in part) == sorted(all_names)
    assert all(150 < len(part) < 350 for part in parts)
    # as long as this holds, a batch may be cut on one machine and another day
    assert [shard_of(PurePath(name), 7) for name in ("a.jpg", "a/b.png", "ä.tif")] == [5, 2, 5]


def test_an_input_is_its_path_and_its_name(tree: Path) -> None:
    (found,) = collect([tree / "b.jpg"], on_unreadable=lambda _: None)
    assert found == Input(tree / "b.jpg", PurePath("b.jpg"))
