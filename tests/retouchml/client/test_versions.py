"""Versions of the protocol and of the daemon."""

from dataclasses import replace

import pytest

import retouchml
from retouchml.client import versions
from retouchml.errors import VersionMismatch
from retouchml.look import Look
from retouchml.sliders import BY_NAME, OWN


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


def test_a_slider_that_the_daemon_does_not_know_is_named_with_what_to_update() -> None:
    look = Look(edits={"smile": 0.1, "teeth": 0.5})
    versions.check_sliders([look], ["strength", "texture", "smile", "teeth"], "9.9")
    for known in (["strength", "texture", "smile"], None):  # a daemon of version 0.2 does not say
        with pytest.raises(
            VersionMismatch, match=r"version 0\.2\.0, does not know the slider teeth"
        ) as raised:
            versions.check_sliders([Look(), look], known, "0.2.0")
        assert "`retouchml daemon restart`" in raised.value.advice
    versions.check_sliders([Look(edits={"smile": 0.1})], None, "0.2.0")


def test_a_slider_of_the_users_own_that_the_daemon_does_not_know_yet_says_how_it_comes_to_know_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = replace(BY_NAME["smile"], name="round_face", group=OWN.name)
    monkeypatch.setitem(BY_NAME, "round_face", own)
    look = Look(edits={"round_face": 0.5})
    versions.check_sliders([look], ["strength", "texture", "round_face"], "9.9")
    with pytest.raises(VersionMismatch, match="does not know your own slider round_face") as raised:
        versions.check_sliders([look], ["strength", "texture", "smile"], retouchml.__version__)
    assert raised.value.advice.startswith("`retouchml daemon restart`")
    assert "Update" not in raised.value.advice


def test_a_slider_that_neither_side_knows_is_left_to_the_daemon() -> None:
    versions.check_sliders([Look(edits={"moustache": 0.1})], ["strength"], "9.9")


def test_a_daemon_without_the_generated_mode_is_named_when_a_look_needs_it() -> None:
    looks = [Look(), Look(render="auto")]
    versions.check_renders(looks, versions.FEATURES, "9.9")
    versions.check_renders(looks[:1], (), "0.3.0")
    with pytest.raises(VersionMismatch, match=r"version 0\.3\.0, has no generated mode"):
        versions.check_renders(looks, ("refine",), "0.3.0")
