"""In an editor, advice says where its command is to be typed."""

from pathlib import Path

import pytest

from retouchml.client import launch, placed_commands, settings_commands
from retouchml.client.placed_commands import explain, placed
from retouchml.errors import DaemonAbsent, UsageError

BUTTON = "The settings of RetouchML have a button for it, too."


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """RetouchML's folder, whose Python editors know."""
    python = tmp_path / placed_commands._SCRIPTS / "python"
    monkeypatch.setattr(launch, "find_interpreter", lambda: ([str(python)], {}))
    monkeypatch.setattr(launch, "is_installed", lambda: True)
    return tmp_path


def test_a_command_is_given_with_its_folder(folder: Path) -> None:
    program = placed_commands._SCRIPTS / "retouchml"
    assert placed("Try `retouchml daemon restart`.") == (
        f"Try `{program} daemon restart`. Type the command in a terminal, in the folder {folder}. {BUTTON}"
    )
    assert placed("Run `python3 install demo` again.") == (
        f"Run `python3 install demo` again. Type the command in a terminal, in the folder {folder}. {BUTTON}"
    )


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", settings_commands.COMMANDS)
def test_every_command_that_the_settings_show_is_promised(command: settings_commands.Command) -> None:
    words = " ".join(word for word in command.arguments if word not in ("-n", "200", "--report"))
    assert placed(f"Run `retouchml {words}`.").endswith(BUTTON) != command.copies


def test_no_button_is_promised_for_a_command_that_has_none(folder: Path) -> None:
    for advice in ("Run `retouchml doctor`.", "`python3 install gimp`, then `retouchml daemon restart`."):
        assert placed(advice).endswith(f"in the folder {folder}.")


def test_no_button_is_promised_where_nothing_is_installed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "is_installed", lambda: False)
    assert placed("Run `python3 install demo` first.").endswith(f"in the folder {folder}.")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("advice", ["", "Move a slider.", "`chmod go-w x` if it is yours."])
def test_other_advice_stays_as_it_is(advice: str) -> None:
    assert placed(advice) == advice


def test_without_a_folder_a_terminal_is_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DaemonAbsent("It is not installed.")

    monkeypatch.setattr(launch, "find_interpreter", fail)
    assert placed("Run `retouchml doctor`.") == "Run `retouchml doctor`. Type the command in a terminal."
    assert placed("In a terminal: `retouchml doctor`.") == "In a terminal: `retouchml doctor`."


@pytest.mark.usefixtures("folder")
def test_who_has_a_zip_alone_gets_the_engines_own_command_or_a_button(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(placed_commands, "is_zip", lambda: True)
    monkeypatch.setattr(launch, "find_interpreter", lambda: (["/home/anna/data/engine/bin/python"], {}))
    said = placed("Run `retouchml daemon restart`.")
    assert said.startswith("Run `/home/anna/data/engine/bin/retouchml daemon restart`.")
    assert said.endswith("use the buttons in the settings of RetouchML.")
    assert placed("Press “Set up again”.") == "Press “Set up again”."


def test_an_error_is_explained_by_its_sentence_and_its_advice() -> None:
    assert explain(UsageError("Not so.", "But so.")) == "Not so. But so."
    assert explain(UsageError("Not so.")) == "Not so."
