"""Versions of the protocol and of the daemon."""

import pytest

import retouchml
from retouchml.client import versions
from retouchml.errors import VersionMismatch


def test_the_newest_common_version_is_chosen_or_the_older_side_is_named() -> None:
    assert versions.common_version([0, 1, 2]) == 1
    with pytest.raises(VersionMismatch, match="this side is the older"):
        versions.common_version([2, 3])
    with pytest.raises(VersionMismatch, match="that side is the older"):
        versions.common_version([0])


def test_a_daemon_of_another_version_is_refused_with_what_to_update() -> None:
    versions.check_software(retouchml.__version__)
    with pytest.raises(VersionMismatch, match=r"version 0\.1\.0") as raised:
        versions.check_software("0.1.0")
    assert "`retouchml daemon restart`" in raised.value.advice
    assert "`python3 install gimp`" in raised.value.advice
