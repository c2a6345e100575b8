"""What the installer prints."""

import time
from pathlib import Path

import pytest

from install.console import Console
from retouchml.system import setup_reports
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


def test_a_program_that_started_it_gets_reports(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setup_reports.VARIABLE, "1")
    console = Console()
    console.say("hello")
    console.error("no\x1b")
    with console.step("one"):
        pass
    with pytest.raises(KeyboardInterrupt), console.step("two"):
        raise KeyboardInterrupt
    console.report(plan={"torch": 1})
    streams = capsys.readouterr()
    assert streams.err == ""
    assert [setup_reports.parse(line) for line in streams.out.splitlines()] == [
        {"say": "hello"},
        {"error": "no\\x1b"},
        {"step": "one", "state": "begun"},
        {"step": "one", "state": "done"},
        {"step": "two", "state": "begun"},
        {"step": "two", "state": "broken"},
        {"plan": {"torch": 1}},
    ]


@pytest.mark.parametrize("line", ["Killed", "[1, 2]", '{"a": 1}', "{", "5"])
def test_a_line_of_another_program_is_said_as_it_is(line: str) -> None:
    assert setup_reports.parse(f"{line}\n") == {"say": line}


def test_a_program_that_started_it_is_told_how_much_came(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(setup_reports.VARIABLE, "1")
    seconds = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(seconds)))
    arrivals = tmp_path / "tmp"
    with Console().step("torch", arrivals=arrivals) as tick:
        tick()  # before the folder is there
        (arrivals / "pip-unpack").mkdir(parents=True)
        (arrivals / "pip-unpack" / "torch.whl").write_bytes(bytes(700))
        tick()
        tick()  # nothing more came
        (arrivals / "other.whl").write_bytes(bytes(300))
        tick()
    reports = [setup_reports.parse(line) for line in capsys.readouterr().out.splitlines()]
    assert [report["fetched"] for report in reports if "fetched" in report] == [700, 1000]
