"""When a zip's plug-in shows its welcome page of itself."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from retouchml import paths
from retouchml.client import connector, machines_page, welcome_reason
from retouchml.client.welcome_reason import Reason, Why
from retouchml.setup import installer


@pytest.fixture
def zipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A plug-in of a zip in an editor, version 0.2.0; a folder for the engine's Python."""
    monkeypatch.setattr(sys, "executable", "/usr/bin/krita")
    monkeypatch.setattr(installer, "FILES", tmp_path)
    monkeypatch.setattr(welcome_reason, "__version__", "0.2.0")
    (tmp_path / "engine.json").write_text("{}")
    return tmp_path


def _engine(folder: Path, version: str = "0.2.0", home: str = "") -> Path:
    """Record an engine; its Python."""
    python = folder / "python"
    record = paths.data_dir() / "install.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "python": str(python),
        "version": version,
        "checkout": home or str(paths.data_dir() / "engine"),
    }
    record.write_text(json.dumps(content))
    return python


def test_a_checkout_has_an_installer_of_its_own() -> None:
    assert welcome_reason.find() is None
    assert not welcome_reason.is_possible()


def test_an_engine_that_is_missing_or_was_deleted_by_hand(zipped: Path) -> None:
    assert welcome_reason.find() == Reason(Why.MISSING)
    python = _engine(zipped)
    assert welcome_reason.find() == Reason(Why.MISSING)
    python.write_text("")
    assert welcome_reason.find() is None


@pytest.mark.parametrize(
    ("there", "home", "is_older"),
    [
        ("0.1.9", "", True),
        ("0.2.0", "", False),
        ("0.10.0", "", False),
        ("0.1.9", "/home/anna/retouchml", False),  # a checkout has an installer of its own
        ("", "", False),
    ],
)
def test_an_engine_of_an_older_zip(zipped: Path, there: str, home: str, is_older: bool) -> None:
    _engine(zipped, there, home).write_text("")
    assert welcome_reason.find() == (Reason(Why.OLDER, there) if is_older else None)


def test_an_update_that_was_put_off_is_offered_again_a_day_later_or_by_the_next_version(
    zipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _engine(zipped, "0.1.0").write_text("")
    welcome_reason.put_off()
    assert welcome_reason.find() is None
    (file,) = paths.cache_dir().glob("update*")
    yesterday = time.time() - 25 * 3600
    os.utime(file, (yesterday, yesterday))
    assert welcome_reason.find() is not None
    welcome_reason.put_off()
    monkeypatch.setattr(welcome_reason, "__version__", "0.3.0")
    assert welcome_reason.find() is not None


def test_another_machine_needs_what_connects_to_it_and_no_engine(
    zipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not machines_page.use("studio").is_error
    monkeypatch.setattr(connector, "can_connect", lambda: False)
    assert welcome_reason.find() == Reason(Why.CONNECT, machine="studio")
    assert welcome_reason.asked() == Reason(Why.ASKED_FIRST)
    monkeypatch.setattr(connector, "can_connect", lambda: True)
    assert welcome_reason.find() is None
    _engine(zipped).write_text("")
    assert welcome_reason.asked() == Reason(Why.ASKED)
