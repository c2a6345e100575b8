"""RetouchML's folders, worked out without RetouchML."""

import json
from pathlib import Path

import pytest

from install import data_folders
from install.checkout import PYTHON
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


def test_a_record_is_withdrawn_by_the_environment_that_it_names_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path))
    record = tmp_path / "data" / "install.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"python": "/elsewhere/python"}))
    assert data_folders.withdraw_record() is None
    assert record.exists()

    own = json.dumps({"python": str(PYTHON)})
    record.write_text(own)
    assert data_folders.withdraw_record() == own
    assert not record.exists()
    data_folders.put_back_record(own)
    assert record.read_text() == own
