import os
import sys
from pathlib import Path

import pytest

from retouchml import paths


def test_retouchml_home_moves_every_folder(home: Path) -> None:
    located = (paths.config_dir(), paths.data_dir(), paths.models_dir(), paths.cache_dir())
    assert located == (home / "config", home / "data", home / "data" / "models", home / "cache")


def test_a_relative_retouchml_home_does_not_depend_on_where_one_goes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RETOUCHML_HOME", "here")
    assert paths.cache_dir() == tmp_path / "here" / "cache"


def test_a_tilde_in_retouchml_home_is_the_users_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("USERPROFILE" if sys.platform == "win32" else "HOME", str(tmp_path))
    monkeypatch.setenv("RETOUCHML_HOME", "~/retouch")
    assert paths.data_dir() == tmp_path / "retouch" / "data"


@pytest.mark.skipif(os.name != "posix", reason="XDG folders are Linux's")
def test_without_retouchml_home_the_xdg_folders_are_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("RETOUCHML_HOME")
    for name in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    located = (paths.config_dir(), paths.models_dir(), paths.cache_dir())
    assert located == (
        tmp_path / "CONFIG" / "retouchml",
        tmp_path / "DATA" / "retouchml" / "models",
        tmp_path / "CACHE" / "retouchml",
    )


def test_asking_where_a_folder_is_does_not_create_it(home: Path) -> None:
    paths.models_dir()
    paths.cache_dir()
    assert not home.exists()
