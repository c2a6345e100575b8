"""``uninstall`` lists, asks and removes; what else a folder may hold stays."""

from pathlib import Path

import pytest

from install import user_folders
from install.actions.table import PARTS
from install.actions.uninstall import check_removable
from install.checkout import TOP
from install.errors import InstallError
from tests.install.small_checkout import Ready

pytestmark = pytest.mark.processes


def test_a_folder_around_the_checkout_is_never_removed(tmp_path: Path) -> None:
    for path in (TOP, TOP.parent, Path("/"), Path.home()):
        with pytest.raises(InstallError, match="is not removed"):
            check_removable(path)
    check_removable(tmp_path / "models")


def test_if_settings_lie_beside_the_models_they_and_the_presets_alone_are_removed(tmp_path: Path) -> None:
    for platform in ("win32", "darwin"):
        folders = user_folders._conventional(platform, tmp_path / platform)
        folders.models.mkdir(parents=True)
        (folders.config / "config.toml").touch()
        (folders.config / "presets").mkdir()
        assert PARTS["config"].installed(folders) == [folders.data / "config.toml", folders.data / "presets"]
    apart = user_folders.Folders(tmp_path / "config", tmp_path / "data", tmp_path / "cache")
    apart.config.mkdir()
    assert PARTS["config"].installed(apart) == [apart.config]


@pytest.mark.processes
def test_uninstall_lists_and_asks_and_without_a_yes_removes_nothing(ready: Ready, tmp_path: Path) -> None:
    checkout = ready.copy(tmp_path)
    (checkout.home / "data" / "models" / "net").mkdir(parents=True)
    (checkout.home / "data" / "models" / "net" / "weights").write_bytes(bytes(3_000_000))
    for answer in ("", "n\n", "\n", "perhaps\n"):
        result = checkout.run("uninstall", stdin=answer)
        assert result.returncode == 1
        assert f"3.0 MB  fetched models: {checkout.home / 'data' / 'models'}" in result.stdout
        assert f"virtual environment: {checkout.venv}" in result.stdout
        assert result.stdout.endswith("Nothing was removed.\n")
    assert (checkout.home / "data" / "models" / "net" / "weights").exists()
    assert checkout.venv.exists()
    assert "retouchml daemon stop" not in checkout.calls()


@pytest.mark.processes
def test_uninstall_removes_one_part_or_everything_but_the_checkout(ready: Ready, tmp_path: Path) -> None:
    checkout = ready.copy(tmp_path)
    for kind in ("data/models/net", "cache", "config", "run"):
        (checkout.home / kind).mkdir(parents=True)
        (checkout.home / kind / "file").touch()
    assert checkout.run("uninstall", "models", stdin="y\n").returncode == 0
    assert not (checkout.home / "data" / "models").exists()
    assert (checkout.home / "cache" / "file").exists()
    assert checkout.calls()[-1] == "retouchml daemon stop"
    assert checkout.run("uninstall", "config", "--yes").returncode == 0
    assert "retouchml daemon stop" not in checkout.calls()
    assert checkout.run("uninstall", "--yes").returncode == 0
    assert "retouchml daemon stop" in checkout.calls()
    assert not checkout.home.exists()
    assert not checkout.venv.exists()
    assert (checkout.top / "pyproject.toml").exists()
    assert checkout.run("uninstall", "--yes").stdout == "There is nothing to remove.\n"
