"""``retouchml doctor`` looks at the set-up, and its findings can be pasted into a bug report."""

import getpass
import json
from pathlib import Path

import pytest

from retouchml import __version__, paths
from retouchml.cli import bug_report, doctor_setup
from retouchml.cli.doctor_checks import Finding
from retouchml.system.file_names import SETTINGS


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The engine's environment of a light package."""
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path))
    monkeypatch.delenv("RETOUCHML_MODELS_URL", raising=False)
    monkeypatch.setattr(doctor_setup, "set_up_command", lambda: "retouchml setup")
    folder = paths.data_dir() / "engine"
    folder.mkdir(parents=True)
    return folder


def _found() -> dict[str, Finding]:
    return {finding.name: finding for finding in doctor_setup.set_up()}


def _stamp(engine: Path, **changes: object) -> None:
    content = {"busy": False, "torch": "2.13.0 cpu", "python": "3.12"} | changes
    (engine / "retouchml-install.json").write_text(json.dumps(content))


def test_a_checkout_says_where_it_is() -> None:
    assert _found()["RetouchML"].state == f"a checkout in {Path(__file__).parents[3]}"


def test_the_engine_s_environment_is_described(engine: Path) -> None:
    assert "environment" not in _found()
    _stamp(engine)
    assert _found()["environment"] == Finding(
        "set-up", "environment", f"Python 3.12, torch 2.13.0 cpu, in {engine}"
    )


@pytest.mark.parametrize("changes", [{"busy": True}, {"torch": ""}])
def test_an_installation_that_was_interrupted_is_told(engine: Path, changes: dict[str, object]) -> None:
    _stamp(engine, **changes)
    found = _found()["environment"]
    assert (found.state, found.ok) == (f"half made, in {engine}", False)
    assert found.advice.startswith("Run `")


def test_a_damaged_stamp_is_told(engine: Path) -> None:
    (engine / "retouchml-install.json").write_text("[")
    assert "is damaged" in _found()["environment"].state


@pytest.mark.usefixtures("engine")
def test_the_address_of_models_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "models' address" not in _found()
    paths.config_dir().mkdir(parents=True)
    (paths.config_dir() / SETTINGS).write_text('models.url = "https://anna:secret@models.example/x"\n')
    assert _found()["models' address"].state == f"https://models.example/x, by {SETTINGS}"
    monkeypatch.setenv("RETOUCHML_MODELS_URL", "http://other.example")
    assert _found()["models' address"].state == "http://other.example, by the variable"
    monkeypatch.setenv("RETOUCHML_MODELS_URL", "nonsense")
    assert not _found()["models' address"].ok


def test_a_report_has_no_private_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/anna"))
    monkeypatch.setenv("HOME", "/home/anna")
    monkeypatch.setattr(getpass, "getuser", lambda: "anna")
    findings = [
        Finding("folders", "data", "/home/anna/.local/share/retouchml, 5 GB free"),
        Finding("folders", "config", "/home/anna"),
        Finding("folders", "run", "/media/anna/disk/run", False, True, "Make /home/anna writable."),
        Finding("folders", "cache", "/home/annabel/cache"),
        Finding("daemon", "daemon", "anna is a word here"),
    ]
    first, system, *shown, last = bug_report.block(findings)
    assert (first, last) == ("```", "```")
    assert system.startswith(f"RetouchML {__version__}, Python 3.")
    assert shown == [
        "ok      folders: data: ~/.local/share/retouchml, 5 GB free",
        "ok      folders: config: ~",
        "MISSING folders: run: /media/USER/disk/run",
        "ok      folders: cache: /home/annabel/cache",
        "ok      daemon: daemon: anna is a word here",
    ]
