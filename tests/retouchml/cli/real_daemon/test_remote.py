"""``retouchml remote`` and ``--remote``: a real daemon on TCP, used from another home."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import zmq
from PIL import Image

from retouchml import paths
from retouchml.client import connection_file
from retouchml.client.connection_file import Connection
from retouchml.system.files import private_folder
from tests.daemon.running import PATIENCE, ROOT, Daemon, environment, until
from tests.ports import free_port
from tests.retouchml.cli.real_daemon.test_daemon_backend import portrait, run
from tests.retouchml.running import results
from tests.waiting import HELD, held

pytestmark = pytest.mark.processes


@pytest.fixture
def studio(start: Callable[..., Daemon], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The connection file of a daemon on TCP; what runs afterwards has another home."""
    start("--tcp", "127.0.0.1:0")
    path = paths.runtime_dir() / connection_file.NAME
    with TemporaryDirectory(prefix="rml") as folder:
        monkeypatch.setenv("RETOUCHML_HOME", folder)
        yield path


@pytest.fixture
def address(studio: Path) -> str:
    return connection_file.read(studio).endpoint.removeprefix("tcp://")


def said(*arguments: object) -> str:
    ran = run(*arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


@pytest.fixture
def added(studio: Path, address: str) -> str:
    """The name of a remote that was added."""
    said("remote", "add", studio, "--host", address)
    return "studio"


def test_a_remote_is_added_listed_tested_and_removed(studio: Path, address: str) -> None:
    assert f"studio is {address}." in said("remote", "add", studio, "--host", address)
    assert said("remote", "list") == f"  studio  {address}\n"
    assert "studio answers within" in said("remote", "test", "studio")
    said("remote", "use", "studio")
    assert said("remote", "list") == f"* studio  {address}\n"
    assert "studio answers within" in said("remote", "test")
    said("remote", "remove", "studio")
    assert "There is none" in said("remote", "list")
    assert run("remote", "test").returncode == 2


@pytest.mark.parametrize("way", ["option", "setting"])
def test_the_work_is_done_there_and_no_daemon_starts_here(way: str, added: str, tmp_path: Path) -> None:
    picture, out = portrait(tmp_path), tmp_path / "out.png"
    if way == "setting":
        said("remote", "use", added)
    option = ["--remote", added] if way == "option" else []
    assert "1 face retouched" in said("beautify", picture, "-o", out, *option)
    with Image.open(picture) as before, Image.open(out) as after:
        assert not np.array_equal(np.array(before), np.array(after))
    assert len(json.loads(said("faces", picture, "--json", *option))["faces"]) == 1
    assert not paths.address_path().exists()


def test_a_batch_can_be_done_there(added: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(3):
        portrait(tmp_path).rename(tmp_path / "in" / f"{number}.png")
    out = said("beautify", tmp_path / "in", "-o", tmp_path / "out", "--remote", added)
    assert "3 pictures retouched" in out


def test_where_nobody_answers_this_machine_does_not_do_the_work(studio: Path, tmp_path: Path) -> None:
    said("remote", "add", studio, "--host", "127.0.0.1:1")
    out = tmp_path / "out.png"
    ran = run("beautify", portrait(tmp_path), "-o", out, "--remote", "studio")
    assert ran.returncode == 1
    assert "Nobody answers at 127.0.0.1:1." in ran.stderr
    assert not out.exists()


def test_a_key_that_is_not_known_there_is_said(studio: Path, address: str, tmp_path: Path) -> None:
    given = connection_file.read(studio)
    public, secret = (key.decode() for key in zmq.curve_keypair())
    forged = private_folder(tmp_path / "forged") / connection_file.NAME
    connection_file.write(forged, Connection(given.endpoint, given.server_public, public, secret))
    said("remote", "add", forged, "--host", address)
    ran = run("beautify", portrait(tmp_path), "-o", tmp_path / "out.png", "--remote", "studio")
    assert ran.returncode == 1
    assert f"The daemon at {address} does not know the key of studio." in ran.stderr


def test_options_for_this_machine_do_not_go_with_another(added: str, tmp_path: Path) -> None:
    command = ["beautify", portrait(tmp_path), "-o", tmp_path / "out.png", "--remote", added]
    for option in (["--no-daemon"], ["--precision", "float32"], ["--engine", "torch"]):
        ran = run(*command, *option)
        assert ran.returncode == 2
        assert "are for work on this machine" in ran.stderr


def test_an_unknown_remote_is_refused_before_anything_is_read(studio: Path, tmp_path: Path) -> None:
    ran = run("beautify", tmp_path / "gone.png", "-o", tmp_path / "out.png", "--remote", "elsewhere")
    assert ran.returncode == 2
    assert "There is no remote called elsewhere" in ran.stderr


def test_a_person_is_invited_used_listed_and_revoked(
    start: Callable[..., Daemon], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start("--tcp", "127.0.0.1:0")
    endpoint = connection_file.read(paths.runtime_dir() / connection_file.NAME).endpoint.removeprefix(
        "tcp://"
    )
    invitation = tmp_path / "anna.json"
    assert "hand it over" in said("daemon", "keys", "add", "anna", "-o", invitation)
    assert said("daemon", "keys", "list").startswith("anna  use  2")
    home = paths.config_dir().parent
    with TemporaryDirectory(prefix="rml") as folder:
        monkeypatch.setenv("RETOUCHML_HOME", folder)
        said("remote", "add", invitation, "--host", endpoint)
        picture = portrait(tmp_path)
        assert "1 face" in said("beautify", picture, "-o", tmp_path / "a.png", "--remote", "studio")
        monkeypatch.setenv("RETOUCHML_HOME", str(home))
        assert "not valid any more" in said("daemon", "keys", "revoke", "anna")
        monkeypatch.setenv("RETOUCHML_HOME", folder)
        ran = run("beautify", picture, "-o", tmp_path / "b.png", "--remote", "studio")
        assert ran.returncode == 1
        assert "does not know the key of studio" in ran.stderr


def test_an_invitation_needs_an_address_and_a_new_file(start: Callable[..., Daemon], tmp_path: Path) -> None:
    ran = run("daemon", "keys", "add", "anna", "-o", tmp_path / "anna.json")
    assert (ran.returncode, "No daemon listens on TCP" in ran.stderr) == (2, True)
    assert "Nobody has one" in said("daemon", "keys", "list")
    command = ["daemon", "keys", "add", "anna", "-o", tmp_path / "anna.json"]
    ran = run(*command, "--host", "0.0.0.0:5555")
    assert (ran.returncode, "is every address of this machine" in ran.stderr) == (2, True)
    said(*command, "--host", "gpu.example.org:5555")
    assert connection_file.read(tmp_path / "anna.json").endpoint == "tcp://gpu.example.org:5555"
    ran = run("daemon", "keys", "add", "otto", "-o", tmp_path / "anna.json", "--host", "a:1")
    assert (ran.returncode, "exists already" in ran.stderr) == (2, True)
    assert "otto" not in said("daemon", "keys", "list")
    ran = run("daemon", "keys", "add", "otto", "-o", tmp_path / "no" / "otto.json", "--host", "a:1")
    assert ran.returncode == 1
    assert "otto" not in said("daemon", "keys", "list")


def test_another_model_there_makes_the_results_again(
    start: Callable[..., Daemon], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = paths.config_dir().parent
    (tmp_path / "in").mkdir()
    portrait(tmp_path).rename(tmp_path / "in" / "a.png")
    batch = ["beautify", tmp_path / "in", "-o", tmp_path / "out", "--remote", "studio", "--existing", "skip"]
    with TemporaryDirectory(prefix="rml") as folder:
        for model, expected in (
            ("one", "1 picture retouched"),
            ("one", "1 skipped"),
            ("two", "1 picture re"),
        ):
            monkeypatch.setenv("RETOUCHML_HOME", str(home))
            daemon = start("--tcp", "127.0.0.1:0", "--model", model)
            file = paths.runtime_dir() / connection_file.NAME
            address = connection_file.read(file).endpoint.removeprefix("tcp://")
            monkeypatch.setenv("RETOUCHML_HOME", folder)
            said("remote", "add", file, "--host", address, "--force")
            assert expected in said(*batch)
            monkeypatch.setenv("RETOUCHML_HOME", str(home))
            daemon.stop()


def test_a_machine_that_is_lost_ends_the_batch_which_goes_on_later(
    start: Callable[..., Daemon], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = paths.config_dir().parent
    address = f"127.0.0.1:{free_port()}"
    daemon = start("--tcp", address)
    file = paths.runtime_dir() / connection_file.NAME
    (tmp_path / "in").mkdir()
    for number in range(7):
        # the third is worked at until the daemon is killed
        portrait(tmp_path, tenths=HELD if number == 2 else number).rename(tmp_path / "in" / f"{number}.png")
    batch = ["beautify", tmp_path / "in", "-o", tmp_path / "out", "--remote", "studio", "--existing", "skip"]
    report = tmp_path / "report.jsonl"
    with TemporaryDirectory(prefix="rml") as folder:
        monkeypatch.setenv("RETOUCHML_HOME", folder)
        said("remote", "add", file, "--host", address)
        command = [sys.executable, "-m", "retouchml", *map(str, batch), "--report", str(report)]
        with subprocess.Popen(command, env=environment(), cwd=ROOT, stderr=subprocess.PIPE) as process:
            # the second may wait behind it, if its lane was slow to begin
            assert until(lambda: held(home=home) == 1)
            daemon.kill()
            _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1
        assert f"Nobody answers at {address}".encode() in errors
        assert b"To go on, give the same command" in errors
        lines = [json.loads(line) for line in report.read_text().splitlines()]
        assert [line["status"] for line in lines] == ["done"] * len(results(tmp_path / "out"))
        assert len(lines) <= 2
        portrait(tmp_path).replace(tmp_path / "in" / "2.png")
        monkeypatch.setenv("RETOUCHML_HOME", str(home))
        start("--tcp", address)
        monkeypatch.setenv("RETOUCHML_HOME", folder)
        again = said(*batch)
        assert f"{len(lines)} skipped" in again or not lines
    assert len(results(tmp_path / "out")) == 7
