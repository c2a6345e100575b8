"""What the installer prints."""

import pytest

from install.console import Console
from tests.install.test_cli import run_installer


def test_names_of_folders_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    console.say("in evil\x1b[2J\nnext line")
    console.error("not in evil\x9b2J")
    with console.step("making evil\x1b]0;title\x07"):
        pass
    streams = capsys.readouterr()
    assert streams.out.startswith("in evil\\x1b[2J\nnext line\nmaking evil\\x1b]0;title\\x07")
    assert streams.err == "not in evil\\x9b2J\n"


def test_a_command_line_cannot_steer_the_terminal_and_is_cut() -> None:
    answer = run_installer("demo", "evil\x1b[2J", *(f"holiday-{number:03}.jpg" for number in range(100)))
    assert answer.returncode == 2
    assert "evil\\x1b[2J" in answer.stderr
    assert "\x1b" not in answer.stderr
    assert "holiday-099" not in answer.stderr
