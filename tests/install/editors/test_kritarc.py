"""Krita's settings file: the plug-in is enabled and forgotten, and nothing else in it is disturbed."""

import stat
import sys
from pathlib import Path

import pytest

from install.editors import kritarc

NAME = "retouchml_krita"
LINE = f"enable_{NAME}=true\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"[python]\n{LINE}"),
        ("[General]\na=1\n", f"[General]\na=1\n\n[python]\n{LINE}"),
        ("[General]\na=1", f"[General]\na=1\n\n[python]\n{LINE}"),
        ("[python]\nenable_x=true\n[z]\nb=2\n", f"[python]\n{LINE}enable_x=true\n[z]\nb=2\n"),
        (f"[python]\nenable_{NAME}=false\n", f"[python]\n{LINE}"),
        (f"[other]\n{LINE}[python]\n", f"[other]\n{LINE}[python]\n{LINE}"),
        ("[python]", f"[python]\n{LINE}"),
    ],
)
def test_the_plug_in_is_enabled_once_and_the_rest_is_left_as_it_was(before: str, after: str) -> None:
    assert kritarc.enable(before, NAME) == after
    assert kritarc.enable(after, NAME) == after


def test_disabling_takes_out_just_that_line() -> None:
    settings = "[General]\na=1\n\n[python]\nenable_x=true\n[z]\nb=2\n"
    assert kritarc.disable(kritarc.enable(settings, NAME), NAME) == settings


def test_bytes_that_are_no_text_and_the_files_mode_survive(tmp_path: Path) -> None:
    path = tmp_path / "kritarc"
    path.write_bytes(b"[General]\nname=\xff\xfe\n[python]\n")
    path.chmod(0o640)
    assert kritarc.rewrite(path, NAME, enabled=True)
    assert path.read_bytes() == b"[General]\nname=\xff\xfe\n[python]\n" + LINE.encode()
    assert not kritarc.rewrite(path, NAME, enabled=True)
    assert kritarc.rewrite(path, NAME, enabled=False)
    assert path.read_bytes() == b"[General]\nname=\xff\xfe\n[python]\n"
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_with_windows_ends_of_lines_keeps_them() -> None:
    for text in ("[General]\r\na=1\r\n", "[General]\r\na=1\r\n\r\n[python]\r\nenable_other=true\r\n"):
        enabled = kritarc.enable(text, NAME)
        assert kritarc.is_enabled(enabled, NAME)
        assert kritarc.enable(enabled, NAME) == enabled
        assert enabled.count("\n") == enabled.count("\r\n") > text.count("\n")
