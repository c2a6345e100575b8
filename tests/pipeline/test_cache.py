"""Kept faces, inversions and paths: bounds, damage, other writers, and that trouble costs only time."""

import hashlib
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from pipeline import cache as cache_module
from pipeline.beautify import ScorePath
from pipeline.cache import (
    InversionCache,
    PathCache,
    SearchCache,
    TuningCache,
    inversion_key,
    path_key,
    photo_key,
    tuning_key,
)
from pipeline.faces import FaceLocation, Search
from pipeline.invert import Inversion
from pipeline.tuning import Tuning
from retouchml.paths import cache_dir
from retouchml.system.files import temporary_name

_SHAPE = (23, 512)


def inversion(value: float = 1.0) -> Inversion:
    return Inversion(torch.full(_SHAPE, value), 0.25, 0.125)


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_put_comes_back() -> None:
    cache = InversionCache()
    assert cache.get("a") is None
    cache.put("a", inversion(2.0))
    entry = cache.get("a")
    assert entry is not None
    assert torch.equal(entry.w_plus, torch.full(_SHAPE, 2.0))
    assert (entry.loss, entry.distance) == (0.25, 0.125)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_entries_lie_in_the_user_s_own_cache_folder() -> None:
    InversionCache().put("a", inversion())
    folder = cache_dir() / "inversions"
    assert entries(folder) == ["a.inversion"]
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "a.inversion").stat().st_mode & 0o077 == 0


def test_a_new_entry_replaces_the_old(tmp_path: Path) -> None:
    cache = InversionCache(tmp_path)
    cache.put("a", inversion(1.0))
    cache.put("a", inversion(5.0))
    entry = cache.get("a")
    assert entry is not None
    assert float(entry.w_plus[0, 0]) == 5.0
    assert entries(tmp_path) == ["a.inversion"]


def test_the_entries_used_longest_ago_go_when_there_is_no_room(tmp_path: Path) -> None:
    size = len(_content())
    cache = InversionCache(tmp_path, bound=3 * size + size // 2)
    for age, name in ((4, "a"), (3, "b"), (2, "c")):
        cache.put(name, inversion())
        os.utime(tmp_path / f"{name}.inversion", (1e9 - age, 1e9 - age))
    assert cache.get("a") is not None
    cache.put("d", inversion())
    assert entries(tmp_path) == ["a.inversion", "c.inversion", "d.inversion"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 3 * size + size // 2


def _content(**changed: torch.Tensor | None) -> bytes:
    tensors = {"w_plus": torch.ones(_SHAPE), "numbers": torch.tensor([0.25, 0.125])} | changed
    return save({name: value for name, value in tensors.items() if value is not None})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        _content()[:-1],
        _content()[:40],
        b"\xff" * 8 + _content()[8:],
        _content(w_plus=None),
        _content(numbers=None),
        _content(numbers=torch.tensor([0.25])),
        _content(numbers=torch.tensor(0.25)),
        _content(numbers=torch.zeros(2, 2)),
        _content(w_plus=torch.ones(512)),
        _content(w_plus=torch.ones(1, 23, 512)),
        _content(w_plus=torch.full(_SHAPE, float("nan"))),
        _content(w_plus=torch.ones(1000, 4)),
        _content(w_plus=torch.full(_SHAPE, 1e30)),
        _content(w_plus=torch.ones(_SHAPE, dtype=torch.int64)),
        _content(w_plus=torch.ones(_SHAPE, dtype=torch.complex64)),
    ],
    ids=lambda content: str(len(content)),
)
def test_a_damaged_entry_counts_as_none_and_is_replaced(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.inversion").write_bytes(hashlib.sha256(content).digest() + content)
    cache = InversionCache(tmp_path)
    assert cache.get("a") is None
    cache.put("a", inversion())
    assert cache.get("a") is not None


@pytest.mark.parametrize("place", [0, 31, 32, 60, -600, -1])
def test_an_entry_with_one_wrong_bit_counts_as_none(place: int, tmp_path: Path) -> None:
    cache = InversionCache(tmp_path)
    cache.put("a", inversion())
    content = bytearray((tmp_path / "a.inversion").read_bytes())
    content[place] ^= 1
    (tmp_path / "a.inversion").write_bytes(content)
    assert cache.get("a") is None


def test_an_entry_that_is_a_folder_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "a.inversion").mkdir()
    cache = InversionCache(tmp_path, bound=10)
    assert cache.get("a") is None
    cache.put("a", inversion())
    assert cache.get("a") is None
    assert entries(tmp_path) == ["a.inversion"]


def test_what_killed_workers_left_half_written_is_removed_before_the_next_entry(tmp_path: Path) -> None:
    left, fresh = tmp_path / temporary_name(), tmp_path / temporary_name()
    for path in (left, fresh, tmp_path / "b.inversion"):
        path.write_bytes(bytes(1000))
    for path in (left, tmp_path / "b.inversion"):
        os.utime(path, (1e9, 1e9))
    InversionCache(tmp_path).put("a", inversion())
    assert entries(tmp_path) == sorted([fresh.name, "a.inversion", "b.inversion"])


def test_a_folder_among_the_entries_does_not_stop_room_from_being_made(tmp_path: Path) -> None:
    cache = InversionCache(tmp_path, bound=len(_content()) + 100)
    (tmp_path / "folder").mkdir()
    for name in ("a", "b", "c"):
        os.utime(tmp_path / "folder", (1e9, 1e9))
        cache.put(name, inversion())
    assert entries(tmp_path) == ["c.inversion", "folder"]


def test_an_entry_that_cannot_be_touched_is_still_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = InversionCache(tmp_path)
    cache.put("a", inversion())

    def refused(*_: object) -> None:
        raise PermissionError(13, "read-only")

    monkeypatch.setattr(os, "utime", refused)
    assert cache.get("a") is not None


def test_where_nothing_can_be_written_nothing_is_kept_and_nothing_raised(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    cache = InversionCache(blocked / "inversions")
    cache.put("a", inversion())
    assert cache.get("a") is None


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_no_trouble(tmp_path: Path) -> None:
    cache = InversionCache(tmp_path)
    cache.put("a", inversion())
    tmp_path.chmod(0o500)
    try:
        cache.put("b", inversion())
        assert cache.get("a") is not None
        assert entries(tmp_path) == ["a.inversion"]
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    InversionCache(tmp_path).put("a", inversion())
    assert entries(tmp_path) == []


def test_two_writers_and_a_reader_never_see_half_an_entry(tmp_path: Path) -> None:
    bound = 4 * len(_content())
    wrong: list[object] = []

    def write(value: float) -> None:
        cache = InversionCache(tmp_path, bound)
        for index in range(40):
            cache.put(f"{index % 6}", inversion(value))

    def read() -> None:
        cache = InversionCache(tmp_path, bound)
        for index in range(200):
            entry = cache.get(f"{index % 6}")
            if entry is not None and float(entry.w_plus.std()) != 0.0:
                wrong.append(entry)

    def guarded(work: object, *arguments: float) -> None:
        try:
            work(*arguments)  # type: ignore[operator]
        except BaseException as error:
            wrong.append(error)

    threads = [
        threading.Thread(target=guarded, args=arguments)
        for arguments in ((write, 1.0), (write, 2.0), (read,))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert not list(tmp_path.glob("*.partial"))


def test_names_depend_on_the_crop_its_landmarks_the_generator_and_the_recipe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crop = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    points = np.random.default_rng(1).integers(0, 64, (68, 2)).astype(np.float64)
    name = inversion_key(crop, points, "ffhq-mobile")
    assert inversion_key(crop.copy(), points.copy(), "ffhq-mobile") == name
    assert inversion_key(crop + np.float32(1e-5) * (crop < 0.5 / 255), points + 0.02, "ffhq-mobile") == name
    moved = points.copy()
    moved[40, 1] += 0.125
    other = crop.copy()
    other[5, 5, 1] += 0.01
    names = {
        name,
        inversion_key(other, points, "ffhq-mobile"),
        inversion_key(crop, moved, "ffhq-mobile"),
        inversion_key(crop, points, "stylegan2"),
        inversion_key(crop[:32], points, "ffhq-mobile"),
    }
    monkeypatch.setattr(cache_module, "VERSION", 99)
    names.add(inversion_key(crop, points, "ffhq-mobile"))
    assert len(names) == 6


def test_the_latest_are_kept_in_memory_where_the_disk_has_no_room(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    cache = InversionCache(blocked / "inversions", in_memory=2)
    for name, value in (("a", 1.0), ("b", 2.0), ("c", 3.0)):
        cache.put(name, inversion(value))
    entry = cache.get("c")
    assert entry is not None
    assert float(entry.w_plus[0, 0]) == 3.0
    assert cache.get("b") is not None
    assert cache.get("a") is None


# ---- paths


def score_path(knots: int = 3) -> ScorePath:
    return ScorePath(torch.rand(knots, *_SHAPE), torch.linspace(0.0, 1.0, knots), 2.5)


def test_a_path_comes_back_to_the_bit_from_memory_and_from_disk(tmp_path: Path) -> None:
    path = score_path()
    cache = PathCache(tmp_path, in_memory=1)
    cache.put("a", path)
    for entry in (cache.get("a"), PathCache(tmp_path).get("a")):
        assert entry is not None
        assert torch.equal(entry.knots, path.knots)
        assert torch.equal(entry.gains, path.gains)
        assert entry.score == path.score


def test_paths_lie_beside_the_inversions_with_a_bound_of_their_own() -> None:
    InversionCache().put("a", inversion())
    PathCache(bound=10).put("a", score_path())
    PathCache(bound=10).put("b", score_path())
    assert entries(cache_dir()) == ["inversions", "paths"]
    assert entries(cache_dir() / "inversions") == ["a.inversion"]
    assert entries(cache_dir() / "paths") == ["b.path"]


def _path_content(**changed: torch.Tensor | None) -> bytes:
    path = score_path()
    tensors = {"knots": path.knots, "gains": path.gains, "score": torch.tensor([2.5])} | changed
    return save({name: value for name, value in tensors.items() if value is not None})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        _path_content()[:-1],
        _content(),
        _path_content(knots=None),
        _path_content(gains=None),
        _path_content(score=None),
        _path_content(score=torch.tensor(2.5)),
        _path_content(score=torch.tensor([float("inf")])),
        _path_content(gains=torch.zeros(2)),
        _path_content(gains=torch.zeros(3, 1)),
        _path_content(knots=torch.ones(23, 512)),
        _path_content(knots=torch.ones(0, 23, 512), gains=torch.ones(0)),
        _path_content(knots=torch.ones(65, 1, 1), gains=torch.ones(65)),
        _path_content(knots=torch.ones(3, 65, 1)),
        _path_content(knots=torch.full((3, *_SHAPE), float("nan"))),
        _path_content(knots=torch.ones((3, *_SHAPE), dtype=torch.float64)),
    ],
    ids=lambda content: str(len(content)),
)
def test_a_damaged_path_counts_as_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.path").write_bytes(hashlib.sha256(content).digest() + content)
    assert PathCache(tmp_path).get("a") is None


def test_a_paths_name_depends_on_all_that_the_climb_starts_from() -> None:
    code, grid = torch.rand(_SHAPE), torch.rand(1, 150, 150, 2)
    name = path_key(code, grid, "b")
    assert path_key(code.clone(), grid.clone(), "b") == name
    other_code, other_grid = code.clone(), grid.clone()
    other_code[3, 7] += 1e-6
    other_grid[0, 9, 9, 1] += 1e-6
    names = {
        name,
        path_key(other_code, grid, "b"),
        path_key(code, other_grid, "b"),
        path_key(code, grid, "c"),
    }
    assert len(names) == 4


def search_of(count: int) -> Search:
    points = np.random.default_rng(0).normal(500.0, 100.0, (count, 68, 2))
    faces = (FaceLocation((-3, 5 + n, 70001, 70001), points[n]) for n in range(count))
    return Search(tuple(faces), ((0, 0, 4000, 3000), (7, 8, 9, 70001)))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_faces_come_back_to_the_bit_from_disk(count: int) -> None:
    SearchCache().put("a", search_of(count))
    assert entries(cache_dir() / "searches") == ["a.search"]
    search = SearchCache().get("a")
    assert search is not None
    assert search.reads == search_of(count).reads
    assert len(search.faces) == count
    for location, original in zip(search.faces, search_of(count).faces, strict=True):
        assert location.box == original.box
        assert location.landmarks.dtype == np.float64
        assert np.array_equal(location.landmarks, original.landmarks)


def zeros(*shape: int) -> torch.Tensor:
    return torch.zeros(shape, dtype=torch.float64)


@pytest.mark.parametrize(
    "changed",
    [
        {"landmarks": None},
        {"landmarks": zeros(2, 68, 2)},
        {"landmarks": zeros(1, 67, 2)},
        {"landmarks": zeros(1, 68, 2) + torch.nan},
        {"boxes": zeros(1, 3)},
        {"boxes": torch.zeros(1, 4, dtype=torch.float32)},
        {"boxes": None},
        {"boxes": zeros(2, 4)},
        {"reads": None},
        {"reads": zeros(1, 3)},
    ],
)
def test_an_entry_that_is_no_search_is_searched_again(
    tmp_path: Path, changed: dict[str, torch.Tensor | None]
) -> None:
    tensors = {"landmarks": zeros(1, 68, 2), "boxes": zeros(1, 4), "reads": zeros(3, 4)}
    content = save({name: value for name, value in (tensors | changed).items() if value is not None})
    (tmp_path / "a.search").write_bytes(hashlib.sha256(content).digest() + content)
    assert SearchCache(tmp_path).get("a") is None
    content = save(tensors)
    (tmp_path / "a.search").write_bytes(hashlib.sha256(content).digest() + content)
    assert SearchCache(tmp_path).get("a") is not None


def test_photos_are_named_by_all_their_pixels_their_shape_and_their_depth() -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    other = pixels.copy()
    other[3, 3, 2] += 1
    deeper = pixels.reshape(4, 12).view(np.uint16).reshape(4, 2, 3)
    alike = [pixels, other, pixels.reshape(2, 8, 3), deeper, pixels[:, ::-1]]
    assert len({photo_key(each, b"", "finder") for each in alike}) == len(alike)
    assert photo_key(pixels[:, ::-1], b"", "finder") == photo_key(pixels[:, ::-1].copy(), b"", "finder")


def test_faces_of_another_profile_or_of_another_search_have_another_key() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    keys = {photo_key(pixels, icc, finder) for icc in (b"", b"profile") for finder in ("dlib", "yunet")}
    assert len(keys) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="of pipes and devices in a folder")
@pytest.mark.parametrize("kind", ["pipe", "device", "sparse"])
def test_an_entry_that_is_no_file_of_usual_size_is_not_read_and_replaced(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.inversion"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as file:
            file.truncate(60 << 30)
    cache = InversionCache(tmp_path)
    assert cache.get("a") is None
    cache.put("a", inversion())
    assert InversionCache(tmp_path).get("a") is not None


@pytest.mark.parametrize("box", [(0, 0, -3, 5), (1e300, 0, 5, 5), (0, -1e9, 5, 5)])
def test_a_face_that_no_photo_can_have_counts_as_none(
    box: tuple[float, float, float, float], tmp_path: Path
) -> None:
    faces = {
        "landmarks": torch.zeros(1, 68, 2, dtype=torch.float64),
        "boxes": torch.tensor([box], dtype=torch.float64),
    }
    content = save(faces)
    (tmp_path / "a.search").write_bytes(hashlib.sha256(content).digest() + content)
    assert SearchCache(tmp_path).get("a") is None


def test_a_path_of_impossible_codes_counts_as_none(tmp_path: Path) -> None:
    path = score_path()
    content = save(PathCache._to_tensors(ScorePath(path.knots + 1e9, path.gains, path.score)))
    (tmp_path / "a.path").write_bytes(hashlib.sha256(content).digest() + content)
    assert PathCache(tmp_path).get("a") is None


# ---- tuned weights


def tuning(value: float = 0.01) -> Tuning:
    return Tuning(
        {"a.bias": torch.full((4,), value).half(), "a.pointwise": torch.zeros(4, 2, 1, 1).half()}, 31.5
    )


def test_tuned_weights_come_back_from_the_disk_and_are_read_by_their_owner_alone() -> None:
    TuningCache().put("a", tuning())
    entry = TuningCache().get("a")
    assert entry is not None
    assert entry.psnr == 31.5
    assert entry.changes.keys() == tuning().changes.keys()
    assert all(torch.equal(entry.changes[name], value) for name, value in tuning().changes.items())
    path = cache_dir() / "tunings" / "a.tuning"
    assert path.stat().st_mode & 0o077 == 0 or sys.platform == "win32"


@pytest.mark.parametrize(
    "tensors",
    [
        {"a.bias": torch.ones(4).half()},  # no figure
        {"psnr": torch.ones(1).half()},  # nothing else
        {"psnr": torch.ones(2).half(), "a.bias": torch.ones(4).half()},
        {"psnr": torch.ones(1).half(), "a.bias": torch.full((4,), 1e4).half()},
        {"psnr": torch.ones(1).half(), "a.bias": torch.full((4,), float("nan")).half()},
        {"psnr": torch.ones(1), "a.bias": torch.ones(4)},
        {"psnr": torch.ones(1).half()} | {f"{i}": torch.ones(1).half() for i in range(65)},
    ],
)
def test_damaged_weights_count_as_none(tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    content = save(tensors)
    (tmp_path / "a.tuning").write_bytes(hashlib.sha256(content).digest() + content)
    assert TuningCache(tmp_path).get("a") is None


def test_weights_are_those_of_a_crop_its_code_and_a_recipe() -> None:
    crop, points, code = np.zeros((8, 8, 3), np.float32), np.zeros((68, 2)), torch.zeros(_SHAPE)
    keys = {
        tuning_key(crop, points, code, "one"),
        tuning_key(crop + 0.5, points, code, "one"),
        tuning_key(crop, points + 1.0, code, "one"),
        tuning_key(crop, points, code + 1.0, "one"),
        tuning_key(crop, points, code, "another"),
    }
    assert len(keys) == 5
