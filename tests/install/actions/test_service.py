"""``install service`` from beginning to end, with a stand-in for the system's manager, and a real daemon."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.install import service_checkout
from tests.install.fake_manager import systemd_would_run
from tests.install.service_checkout import ServiceCheckout
from tests.marks import marks_tests
from tests.other_processes import wait_for

pytest.importorskip("fcntl", reason="the daemon needs POSIX")
pytestmark = pytest.mark.processes

Make = Callable[[str], ServiceCheckout]

UNIT = ".config/systemd/user/retouchml.service"
FILES = {
    "linux": lambda checkout: checkout.user / UNIT,
    "darwin": lambda checkout: checkout.user / "Library/LaunchAgents/org.retouchml.daemon.plist",
    "win32": lambda checkout: checkout.home / "data/service.xml",
}
STARTING = {
    "linux": "systemctl --user enable retouchml.service",
    "darwin": f"launchctl enable gui/{os.getuid()}/org.retouchml.daemon",
    "win32": "schtasks /Run /TN RetouchML",
}
REMOVING = {
    "linux": "systemctl --user disable --now retouchml.service",
    "darwin": f"launchctl bootout gui/{os.getuid()}/org.retouchml.daemon",
    "win32": "schtasks /Delete /TN RetouchML /F",
}


@pytest.fixture
@marks_tests("processes")
def make(tmp_path: Path) -> Iterator[Make]:
    checkouts: list[ServiceCheckout] = []
    with TemporaryDirectory(prefix="rml") as home:

        def make_one(system: str) -> ServiceCheckout:
            checkouts.append(service_checkout.make(tmp_path, Path(home), system))
            return checkouts[-1]

        yield make_one
        for checkout in checkouts:
            checkout.close()


# ---- what works


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_a_service_is_made_answers_stays_as_it_is_and_is_removed(make: Make, system: str) -> None:
    checkout = make(system)
    file = FILES[system](checkout)
    first = checkout.run("service", "--device", "cpu", "--keep-alive", "-1")
    assert (first.returncode, first.stderr) == (0, "")
    assert str(file) in first.stdout
    assert STARTING[system] in checkout.calls()
    status = checkout.status()
    assert (status["service"], status["idle_exit"], status["keep_alive"]) == (True, None, -60.0)
    assert status["log"] == str(checkout.home / "run" / "daemon.log")
    assert ", as a service" in checkout.daemon("status").stdout.splitlines()[0]

    again = checkout.run("service", "--device", "cpu", "--keep-alive", "-1")
    assert (again.returncode, again.stdout) == (0, f"The service is there already, and runs: {file}\n")
    assert not [
        call for call in checkout.calls() if "restart" in call or "bootstrap" in call or "/Run" in call
    ]
    assert checkout.status()["pid"] == status["pid"]

    changed = checkout.run("service", "--device", "cpu")
    assert (changed.returncode, changed.stderr) == (0, "")
    assert checkout.status()["keep_alive"] == 600.0

    gone = checkout.run("uninstall", "service", "--yes")
    assert (gone.returncode, gone.stderr) == (0, "")
    assert f"background service: {file}" in gone.stdout
    assert REMOVING[system] in checkout.calls()
    assert (file.exists(), checkout.status()) == (False, {})
    assert (checkout.home / "cache").is_dir()
    assert checkout.run("uninstall", "service", "--yes").stdout == "There is nothing to remove.\n"


def test_a_daemon_that_a_program_started_makes_room_for_the_service(make: Make) -> None:
    checkout = make("linux")
    assert checkout.daemon("start").returncode == 0
    older = checkout.status()
    assert older["service"] is False
    result = checkout.run("service")
    assert (result.returncode, result.stderr) == (0, "")
    status = checkout.status()
    assert (status["service"], status["pid"] != older["pid"]) == (True, True)


def test_a_plain_uninstall_lists_the_service_first_and_asks(make: Make) -> None:
    checkout = make("linux")
    assert checkout.run("service").returncode == 0
    result = checkout.run("uninstall", stdin="n\n")
    assert result.returncode == 1
    assert f"background service: {checkout.user / UNIT}" in result.stdout.splitlines()[0]
    assert checkout.status()["service"] is True


def test_a_stopped_service_of_an_older_version_is_renewed_and_started_again(make: Make) -> None:
    checkout = make("linux")
    assert checkout.run("service").returncode == 0
    unit = checkout.user / UNIT
    text = unit.read_text()
    assert checkout.daemon("stop").returncode == 0
    assert checkout.status() == {}
    unit.write_text(text.replace("RestartSec=", "RestartSec=1"))
    assert checkout.run("service").returncode == 0
    assert checkout.status()["service"] is True
    assert unit.read_text() == text


def test_the_units_own_line_runs_stays_without_requests_and_leaves_when_asked(make: Make) -> None:
    checkout = make("linux")
    assert checkout.run("service").returncode == 0
    unit = (checkout.user / UNIT).read_text()
    assert checkout.run("uninstall", "service", "--yes").returncode == 0
    command, environment = systemd_would_run(unit)
    assert command[0] == str(checkout.python)
    service = subprocess.Popen(command, env=environment, cwd="/")
    try:
        wait_for(checkout.status)
        assert checkout.status()["service"] is True
        with TemporaryDirectory(prefix="rml") as other:
            # what a short idle exit does to a daemon that is no service
            started = time.monotonic()
            idle = subprocess.run(
                [*command[:-1], "--idle-exit", "0.02"],
                env={**environment, "RETOUCHML_HOME": other},
                timeout=60,
            )
            assert idle.returncode == 0
        assert time.monotonic() - started > 1.0
        assert service.poll() is None
        service.send_signal(signal.SIGTERM)
        assert service.wait(120) == 0  # by itself: a killed process has another code
    finally:
        service.kill()
        service.wait()
    assert not (checkout.home / "run" / "socket").exists()


# ---- what fails


@pytest.mark.parametrize(
    ("system", "word", "says"),
    [
        ("linux", "show", "Your user has no running systemd instance (Refused by whoever decides here.)."),
        ("linux", "enable", "`systemctl --user enable retouchml.service` failed: Refused by"),
        ("darwin", "bootstrap", "launchd did not take the service: Refused by"),
        ("win32", "/Create", "`schtasks /Create` failed: Refused by"),
    ],
)
def test_what_the_system_refuses_is_one_sentence_and_leaves_nothing(
    make: Make, system: str, word: str, says: str
) -> None:
    checkout = make(system)
    result = checkout.run("service", FAIL=word)
    assert result.returncode == 1
    assert result.stderr.startswith(says)
    assert len(result.stderr.splitlines()) == 1
    assert not FILES[system](checkout).exists()
    assert checkout.status() == {}


@pytest.mark.parametrize(
    ("system", "says"),
    [
        ("linux", "This system has no systemd"),
        ("darwin", "There is no launchctl here"),
        ("win32", "There is no schtasks here"),
    ],
)
def test_a_system_without_its_command_is_one_sentence(make: Make, system: str, says: str) -> None:
    checkout = make(system)
    result = checkout.run("service", PATH="/nowhere")
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1)
    assert result.stderr.startswith(says)


def test_without_an_installation_it_says_what_to_do_first(make: Make) -> None:
    checkout = make("linux")
    (checkout.top / ".venv").unlink()
    result = checkout.run("service")
    assert result.returncode == 1
    assert result.stderr == (
        f"RetouchML is not installed in {checkout.top} yet. Run `python3 install demo` first.\n"
    )


def test_a_folder_that_cannot_be_written_is_named(make: Make) -> None:
    checkout = make("linux")
    (checkout.user / ".config").mkdir()
    (checkout.user / ".config" / "systemd").touch()  # root may write into any folder, but into no file's
    result = checkout.run("service")
    assert result.returncode == 1
    assert result.stderr.startswith(f"{checkout.user / UNIT} cannot be written: ")
    assert len(result.stderr.splitlines()) == 1


def test_a_service_whose_daemon_does_not_answer_says_where_to_read_why(make: Make) -> None:
    checkout = make("linux")
    result = checkout.run("service", "--tcp", "nowhere", START_SECONDS="0.5")
    assert result.returncode == 1
    assert "no daemon answers as one" in result.stderr
    assert "journalctl --user -u retouchml" in result.stderr


def test_services_for_all_users_are_roots_to_make(make: Make) -> None:
    checkout = make("linux")
    result = checkout.run("service", "--system", "nobody-of-that-name")
    says = "There is no user" if os.getuid() == 0 else "Only root can"
    assert (result.returncode, result.stderr.startswith(says)) == (1, True)
    assert sys.platform != "linux" or checkout.calls() == []
