"""Masks as bytes: what they let through, and which faces a selection means."""

from retouchml import coverage


def test_a_mask_is_limited_to_the_covered_pixels() -> None:
    assert coverage.limited(coverage.covered(bytes([0, 3, 255])), bytes([9, 9, 0])) == bytes([0, 9, 0])


def test_a_mask_reaches_what_it_shares_a_pixel_with() -> None:
    assert coverage.reaches(bytes([0, 255]), bytes([0, 1]))
    assert not coverage.reaches(bytes([0, 255]), bytes([255, 0]))


def test_the_faces_meant_are_those_covered_but_not_one_that_is_grazed() -> None:
    assert coverage.share(bytes([0, 1, 0, 255])) == 0.5
    assert coverage.meant([0.0, 0.05, 0.9]) == (2,)
    assert coverage.meant([0.03, 0.0, 0.02]) == (0, 2)
    assert coverage.meant([0.0, 0.0]) == ()
    assert coverage.meant([]) == ()
