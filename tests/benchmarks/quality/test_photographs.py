"""The photographs that ``benchmarks.quality`` measures, and those that it leaves out."""

from pathlib import Path

import pytest

from benchmarks.quality.photographs import choose_photos, photos_in, why_not
from retouchml.errors import UsageError
from retouchml.results import Face, FaceQuality, Trust

GROUPS = ("AF", "AM", "CF", "CM")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Folds 1 and 2 test five photographs of each group, but only two of CM."""
    for number in (1, 2):
        part = (
            tmp_path / "train_test_files" / "5_folders_cross_validations_files" / f"cross_validation_{number}"
        )
        part.mkdir(parents=True)
        names = [
            f"{group}{number}{index}.jpg 3.0"
            for group in GROUPS
            for index in range(2 if group == "CM" else 5)
        ]
        (part / f"test_{number}.txt").write_text("\n".join(names))
        (part / f"train_{number}.txt").write_text("\n".join(f"{group}9.jpg 3.0" for group in GROUPS))
    return tmp_path


def test_the_chosen_are_the_same_each_time_and_in_whatever_order_the_fold_lists_them(data: Path) -> None:
    first = choose_photos(data, 8)
    listing = next(data.rglob("test_1.txt"))
    listing.write_text("\n".join(reversed(listing.read_text().splitlines())))
    assert choose_photos(data, 8) == first
    assert choose_photos(data, 4) == first[:4]
    assert len(set(first)) == 8
    assert {path.parent for path in first} == {data / "Images"}


@pytest.mark.parametrize("count", [1, 2, 4, 6, 7, 8])
def test_the_chosen_are_balanced_by_group_to_within_one(count: int, data: Path) -> None:
    names = [path.name[:2] for path in choose_photos(data, count)]
    counts = [names.count(group) for group in GROUPS]
    assert sum(counts) == count
    assert max(counts) - min(counts) <= 1


def test_only_test_photographs_are_chosen_and_no_more_than_there_are(data: Path) -> None:
    everything = choose_photos(data, 100)
    assert len(everything) == 17
    assert not any("9" in path.stem for path in everything)


def test_those_passed_over_first_are_none_of_the_others(data: Path) -> None:
    assert choose_photos(data, 4, skip=4) == choose_photos(data, 8)[4:]


def test_each_fold_has_its_own(data: Path) -> None:
    assert not set(choose_photos(data, 100)) & set(choose_photos(data, 100, 2))


def test_a_folder_gives_its_pictures_sorted_by_name(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", "notes.txt", "c.webp"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "deeper").mkdir()
    assert [path.name for path in photos_in(tmp_path)] == ["a.png", "b.JPG", "c.webp"]


def test_a_folder_without_pictures_and_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no picture"):
        photos_in(tmp_path)
    with pytest.raises(UsageError, match="cannot be read"):
        photos_in(tmp_path / "missing")


def face(notes: tuple[str, ...] = (), **trust: float) -> Face:
    return Face((0, 0, 9, 9), ((0.0, 0.0),) * 68, 3.0, FaceQuality(trust=Trust(**trust), notes=notes))


def test_a_face_whose_shape_or_skin_is_held_back_by_half_is_left_out_with_its_notes() -> None:
    assert why_not([]) == "no face"
    assert why_not([face()]) == ""
    assert why_not([face(("turned away",), shape=0.4)]) == "turned away"
    assert why_not([face(("small",), skin=0.4)]) == "small"
    assert why_not([face(("eyes covered",), eyes=0.0), face(shape=0.0)]) == ""
