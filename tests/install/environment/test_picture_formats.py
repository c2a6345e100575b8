"""The readers of HEIF and JPEG XL: installed where there are wheels, never in the way."""

from collections.abc import Sequence

import pytest

from install.console import Console
from install.environment import picture_formats
from install.environment.pip_install import PipError


def test_wheels_of_the_extra_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Sequence[str]] = []
    monkeypatch.setattr(picture_formats, "install", lambda arguments, _: calls.append(arguments))
    picture_formats.add_picture_formats(Console())
    ((option, everything, *packages),) = calls
    assert (option, everything) == ("--only-binary", ":all:")
    assert any(package.startswith("pillow-heif") for package in packages)
    assert any(package.startswith("pyjpegxl") for package in packages)


def test_where_there_are_no_wheels_the_set_up_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise PipError("The package index has no pyjpegxl.", "", missing=True)

    monkeypatch.setattr(picture_formats, "install", refuse)
    picture_formats.add_picture_formats(Console())
    assert "HEIF and JPEG XL files cannot be read on this machine; all else works." in capsys.readouterr().out
