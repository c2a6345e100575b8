"""What both editors' settings show and keep."""

import json
import sys
from pathlib import Path

import pytest

from retouchml import __version__, paths
from retouchml.client import maintenance, settings_page
from retouchml.client.maintenance import Output
from retouchml.errors import DaemonAbsent
from retouchml.settings import Settings


def test_each_choice_offers_the_value_in_use() -> None:
    stored = Settings(device="cuda:1", engine="tensorflow1", language="ja", scorer="mine")
    choices = settings_page.choices(stored)
    assert {each.name: each.value for each in choices} == {
        "device": "cuda:1",
        "engine": "tensorflow1",
        "scorer": "mine",
        "language": "ja",
    }
    for choice in choices:
        assert choice.value in dict(choice.values)


def test_every_value_that_is_offered_can_be_kept(home: Path) -> None:
    for choice in settings_page.choices(Settings()):
        for value, _title in choice.values:
            assert settings_page.keep(choice.name, value).startswith("Kept.")
            stored, warnings = settings_page.load()
            assert (getattr(stored, choice.name), warnings) == (value, ())
    assert settings_page.keep("keep_alive", 25).startswith("Kept.")
    assert settings_page.minutes(settings_page.load()[0]) == 25


@pytest.mark.usefixtures("home")
def test_scores_are_shown_once_they_are_switched_on() -> None:
    assert not settings_page.shows_scores()
    assert settings_page.keep("scores", True) == "Kept. Scores are shown below the preview."
    assert settings_page.shows_scores()
    assert settings_page.keep("scores", False) == "Kept. No scores are shown."
    assert not settings_page.shows_scores()


@pytest.mark.usefixtures("home")
def test_a_value_that_cannot_be_kept_is_a_sentence() -> None:
    assert "must be" in settings_page.keep("device", "gpu")


@pytest.mark.parametrize(
    ("there", "trouble"),
    [
        ("retouchml 0.10.0", "older than RetouchML 0.10.0. Run `python3 install krita`"),
        ("retouchml 0.1.0", "newer than RetouchML 0.1.0. Run `python3 install demo`"),
        (f"retouchml {__version__}", ""),
    ],
)
def test_a_plug_in_of_another_version_says_which_side_to_update(
    monkeypatch: pytest.MonkeyPatch, there: str, trouble: str
) -> None:
    monkeypatch.setattr(maintenance, "run", lambda *_: Output(True, there))
    said = settings_page.compare("krita").sentence
    assert trouble in said
    assert bool(said) == bool(trouble)


def test_without_the_project_the_version_is_no_trouble_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object) -> Output:
        raise DaemonAbsent("Not installed.", "Install it.")

    monkeypatch.setattr(maintenance, "run", absent)
    assert settings_page.compare("krita").sentence == ""
    assert settings_page.run(("models",)).startswith("Not installed. Install it.")


def test_a_failure_of_the_thread_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Output:
        raise RuntimeError("of the test")

    monkeypatch.setattr(maintenance, "run", fail)
    assert "RuntimeError" in settings_page.run(("models",))


def test_diagnostics_name_both_versions() -> None:
    assert settings_page.diagnostics("fine", "Krita 5.1.5") == f"RetouchML {__version__}, Krita 5.1.5\nfine\n"


def test_an_older_plug_in_can_be_updated_and_a_newer_one_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    for there, is_older in (("99.0.0", True), ("0.0.1", False), (__version__, False)):
        said = Output(True, f"retouchml {there}")
        monkeypatch.setattr(maintenance, "run", lambda *_, said=said: said)
        comparison = settings_page.compare("gimp")
        assert comparison.is_older == is_older
        assert bool(comparison.trouble) == (there != __version__)
        assert "Run `" not in comparison.trouble


@pytest.mark.parametrize("is_checkout", [True, False])
def test_an_update_runs_the_installer_of_the_installed_project(tmp_path: Path, is_checkout: bool) -> None:
    checkout = tmp_path / "project"
    record = {"python": sys.executable, "version": "99.0.0", "checkout": str(checkout)}
    paths.data_dir().mkdir(parents=True)
    (paths.data_dir() / "install.json").write_text(json.dumps(record))
    if is_checkout:
        (checkout / "install").mkdir(parents=True)
        (checkout / "install" / "__main__.py").write_text("import sys; print('placed', sys.argv[1])")
        assert settings_page.update("krita") == (True, "placed krita")
    else:  # the command of this checkout says that it is none of an installed package
        succeeded, said = settings_page.update("krita")
        assert not succeeded
        assert "This is no installed package." in said


def test_a_set_up_that_fails_says_so_and_why(tmp_path: Path) -> None:
    checkout = tmp_path / "project"
    (checkout / "install").mkdir(parents=True)
    (checkout / "install" / "__main__.py").write_text("raise SystemExit('the disk is full')")
    paths.data_dir().mkdir(parents=True)
    record = {"python": sys.executable, "checkout": str(checkout)}
    (paths.data_dir() / "install.json").write_text(json.dumps(record))
    said = settings_page.repair()
    assert said.startswith("RetouchML could not be set up.")
    assert "the disk is full" in said


def test_the_answer_of_a_button_promises_no_button() -> None:
    paths.data_dir().mkdir(parents=True)
    (paths.data_dir() / "install.json").write_text(json.dumps({"python": "/nowhere/python"}))
    said = settings_page.repair()
    assert said.startswith("RetouchML could not be set up. The text below says why.\nThe interpreter that")
    assert "does not exist" in said
    assert said.endswith("Run `python3 install demo` again. Type the command in a terminal.")
    assert "have a button for it" in settings_page.run(("models",))


def test_an_update_without_the_project_says_so() -> None:
    paths.data_dir().mkdir(parents=True)
    (paths.data_dir() / "install.json").write_text(json.dumps({"python": "/nowhere/python"}))
    succeeded, said = settings_page.update("gimp")
    assert not succeeded
    assert "does not exist" in said
