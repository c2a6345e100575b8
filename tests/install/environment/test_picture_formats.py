"""The readers of HEIF and JPEG XL: installed where there are wheels, never in the way."""

from collections.abc import Sequence

import pytest

from install.console import Console
from install.environment import picture_formats
from install.environment.pip_install import PipError


def test_each_reader_is_installed_by_itself_from_its_list(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Sequence[str]] = []
    monkeypatch.setattr(picture_formats, "install", lambda arguments, _: calls.append(arguments))
    picture_formats.add_picture_formats(Console())
    heif, jpegxl = calls
    assert "install/requirements/heif.txt" in heif
    assert "install/requirements/jpegxl.txt" in jpegxl
    assert all({"--require-hashes", ":all:"} <= set(call) for call in calls)


def test_their_newest_versions_come_from_the_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Sequence[str]] = []
    monkeypatch.setattr(picture_formats, "install", lambda arguments, _: calls.append(arguments))
    picture_formats.add_picture_formats(Console(), newest=True)
    heif, jpegxl = calls
    assert any(part.startswith("pillow-heif>=") for part in heif)
    assert any(part.startswith("pyjpegxl>=") for part in jpegxl)
    assert not any("--require-hashes" in call for call in calls)


def test_where_one_has_no_wheel_the_other_is_installed_and_the_set_up_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Linux on ARM, for instance, has a wheel of pillow-heif and none of pyjpegxl."""
    installed: list[str] = []

    def install(arguments: Sequence[str], _: object) -> None:
        if arguments[-1].endswith("jpegxl.txt"):
            raise PipError("The package index has no pyjpegxl.", "", missing=True)
        installed.append(arguments[-1])

    monkeypatch.setattr(picture_formats, "install", install)
    picture_formats.add_picture_formats(Console())
    assert installed == ["install/requirements/heif.txt"]
    output = capsys.readouterr().out
    assert "JPEG XL files cannot be read on this machine; all else works." in output
    assert "HEIF files cannot" not in output


def test_another_failure_is_not_taken_for_a_missing_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PipError("A downloaded package has the wrong checksum.", "")

    monkeypatch.setattr(picture_formats, "install", refuse)
    with pytest.raises(PipError, match="checksum"):
        picture_formats.add_picture_formats(Console())
