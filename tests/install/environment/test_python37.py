"""The search for a Python 3.7."""

import os
from pathlib import Path

import pytest

from install.environment import python37

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of a shell")


def test_it_is_found_where_the_home_folder_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python3.7"
    python.write_text(f"#!/bin/sh\necho 3.7 x86_64 True {python}\n")
    python.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "missing"))
    assert python37.find() == python
