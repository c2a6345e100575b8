"""RetouchML's folders, worked out without RetouchML."""

import pytest

from install import data_folders
from retouchml import paths


@pytest.mark.parametrize(
    "environment",
    [
        {"RETOUCHML_HOME": "/srv/retouchml"},
        {"RETOUCHML_HOME": "~/retouchml"},
        {"XDG_CONFIG_HOME": "/x/config", "XDG_DATA_HOME": "/x/data", "XDG_CACHE_HOME": "/x/cache"},
        {"XDG_DATA_HOME": ""},
        {},
    ],
)
def test_without_an_environment_the_same_folders_are_found_as_retouchml_uses(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name in ("RETOUCHML_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    folders = data_folders.default_folders()
    without = (folders.config, folders.data, folders.cache, folders.models)
    assert without == (
        paths.config_dir(),
        paths.data_dir(),
        paths.cache_dir(),
        paths.models_dir(),
    )
