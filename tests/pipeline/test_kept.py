"""What is kept has a bounded size, and goes with its object."""

import gc

import pytest

from pipeline.kept import Kept


class Owner:
    """Something that values are kept for."""


def test_a_value_is_kept_for_its_owner_and_key() -> None:
    kept: Kept[str, int] = Kept(10)
    one, other = Owner(), Owner()
    kept.put(one, "a", 1, 4)
    assert kept.get(one, "a") == 1
    assert kept.get(one, "b") is None
    assert kept.get(other, "a") is None


def test_the_least_recently_used_goes_first() -> None:
    kept: Kept[str, int] = Kept(10)
    owner = Owner()
    for key, value in (("a", 1), ("b", 2)):
        kept.put(owner, key, value, 4)
    assert kept.get(owner, "a") == 1
    kept.put(owner, "c", 3, 4)
    assert [kept.get(owner, key) for key in "abc"] == [1, None, 3]


@pytest.mark.parametrize("sizes", [(3, 3, 3, 3), (10, 1), (1, 11), (4, 6, 2)])
def test_the_total_never_exceeds_the_limit(sizes: tuple[int, ...]) -> None:
    kept: Kept[int, int] = Kept(10)
    owner = Owner()
    for key, size in enumerate(sizes):
        kept.put(owner, key, key, size)
        assert 0 < kept.total <= 10


def test_a_value_put_again_counts_once() -> None:
    kept: Kept[str, int] = Kept(10)
    owner = Owner()
    kept.put(owner, "a", 1, 6)
    kept.put(owner, "a", 2, 5)
    assert kept.get(owner, "a") == 2
    assert kept.total == 5


def test_values_go_with_their_owner() -> None:
    kept: Kept[str, int] = Kept(10)
    owner, other = Owner(), Owner()
    kept.put(owner, "a", 1, 4)
    kept.put(other, "a", 2, 3)
    del owner
    gc.collect()
    assert kept.total == 3
    assert kept.get(other, "a") == 2


def test_room_is_what_is_left_while_all_stay() -> None:
    owner, kept = Owner(), Kept[str, int](10)
    assert kept.has_room(10)
    kept.put(owner, "a", 1, 6)
    assert kept.has_room(4)
    assert not kept.has_room(5)


def test_a_large_value_takes_the_place_of_large_ones() -> None:
    kept: Kept[str, int] = Kept(20)
    owner = Owner()
    for key, size in (("small", 2), ("large", 8), ("as large", 8)):
        kept.put(owner, key, size, size)
    kept.put(owner, "new", 8, 8)
    assert [kept.get(owner, key) for key in ("small", "large", "as large", "new")] == [2, None, 8, 8]


def test_where_no_large_value_can_go_the_least_recently_used_does() -> None:
    kept: Kept[str, int] = Kept(10)
    owner = Owner()
    for key, size in (("a", 2), ("b", 3), ("c", 3)):
        kept.put(owner, key, size, size)
    kept.put(owner, "new", 5, 5)
    assert [kept.get(owner, key) for key in ("a", "b", "c", "new")] == [None, None, 3, 5]
