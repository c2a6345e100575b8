"""The record of what the virtual environment holds."""

import json
from pathlib import Path

import pytest

from install.environment import stamp


@pytest.mark.parametrize(
    ("change", "fits"),
    [({}, True), ({"busy": True}, False), ({"checkout": "/elsewhere"}, False), ({"python": "3.8"}, False)],
)
def test_an_environment_fits_only_this_checkout_and_this_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, object], fits: bool
) -> None:
    monkeypatch.setattr(stamp, "STAMP", tmp_path / "stamp.json")
    assert stamp.read() is None
    stamp.write(stamp.Stamp.fresh())
    content = json.loads((tmp_path / "stamp.json").read_text())
    (tmp_path / "stamp.json").write_text(json.dumps(content | change))
    assert stamp.read().fits() is fits


def test_a_stamp_of_the_version_before_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamp, "STAMP", tmp_path / "stamp.json")
    (tmp_path / "stamp.json").write_text(
        '{"checkout": "/opt/retouchml", "python": "3.11", "busy": false, "torch": "2.13.0 cpu", "index": "", '
        '"project": "0123", "dev": true}'
    )
    expected = stamp.Stamp("/opt/retouchml", "3.11", torch="2.13.0 cpu", project="0123", dev=True)
    assert stamp.read() == expected


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"checkout": "x", "future": 1}'])
def test_a_stamp_that_cannot_be_understood_counts_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setattr(stamp, "STAMP", tmp_path / "stamp.json")
    (tmp_path / "stamp.json").write_text(content)
    assert stamp.read() is None


def test_new_requirements_and_new_packages_change_the_projects_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamp, "TOP", tmp_path)
    (tmp_path / "pyproject.toml").write_text("one")
    digests = [stamp.project_digest()]
    (tmp_path / "pipeline").mkdir()
    digests.append(stamp.project_digest())
    assert digests[0] == digests[1]
    (tmp_path / "pipeline" / "__init__.py").touch()
    digests.append(stamp.project_digest())
    (tmp_path / "pyproject.toml").write_text("two")
    digests.append(stamp.project_digest())
    assert len(set(digests)) == 3


def test_the_stamp_does_not_hold_an_indexs_password() -> None:
    assert "secret" not in stamp.index_digest("https://user:secret@index.example")
    assert stamp.index_digest("https://a.example") != stamp.index_digest("https://b.example")
    assert stamp.index_digest(None) == ""
