"""Which machine an editor's work is done on: real daemons, one of them on TCP in another home."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from retouchml import __version__, paths, translation
from retouchml.client import connection_file, launch, machines_page, remotes, settings_page
from retouchml.client.client import Client
from retouchml.client.machines_page import Invitation
from retouchml.client.photo_session import PhotoSession
from retouchml.errors import DaemonAbsent, DaemonLost, Refused, RetouchError
from retouchml.look import Look
from tests.daemon.running import PATIENCE, PLAIN, Daemon, picture, until
from tests.retouchml.client.test_remotes import invitation

EDITOR = "an editor"


class Studio:
    """A daemon on TCP, and its invitation file."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.file = paths.runtime_dir() / connection_file.NAME
        self.address = connection_file.read(self.file).endpoint.removeprefix("tcp://")


@pytest.fixture
def studio(start: Callable[..., Daemon], monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """It runs in one home; what follows has another."""
    studio = Studio(start("--tcp", "127.0.0.1:0"))
    with TemporaryDirectory(prefix="rml") as folder:
        monkeypatch.setenv("RETOUCHML_HOME", folder)
        yield studio


@pytest.fixture
def added(studio: Studio) -> Studio:
    """A studio that does the work from now on."""
    said = machines_page.add(Invitation(studio.file, "studio", studio.address))
    assert not said.is_error
    return studio


def test_an_invitation_is_added_and_its_machine_does_the_work(studio: Studio) -> None:
    read = machines_page.read(studio.file)
    assert (read.name, read.address) == ("studio", "")  # 127.0.0.1 is each machine itself
    assert "Type it" in machines_page.add(read).sentence
    assert machines_page.chosen() == ""
    said = machines_page.add(Invitation(read.file, read.name, f" {studio.address} "))
    assert said.sentence == f"studio does the work now: layers are sent to {studio.address}."
    choice = machines_page.choice(settings_page.load()[0])
    assert choice.value == "studio"
    assert choice.values == (("", "This machine"), ("studio", f"studio ({studio.address})"))
    assert machines_page.read(studio.file).name == "studio-2"
    again = machines_page.add(Invitation(read.file, "studio", studio.address))
    assert again.is_error
    assert "already" in again.sentence


def test_the_name_and_the_address_come_from_the_file(tmp_path: Path) -> None:
    read = machines_page.read(invitation(tmp_path, "tcp://gpu.example.org:5555"))
    assert (read.name, read.address) == ("gpu", "gpu.example.org:5555")
    read = machines_page.read(invitation(tmp_path, "tcp://192.0.2.7:5555"))
    assert (read.name, read.address) == ("studio", "192.0.2.7:5555")
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(Refused, match="is no connection file"):
        machines_page.read(tmp_path / "other.json")


@pytest.mark.usefixtures("home")
def test_a_taste_of_ones_own_is_followed_on_this_machine_alone() -> None:
    before = machines_page.in_use()
    assert machines_page.scorer() == ""
    assert settings_page.keep("scorer", "mine").startswith("Kept. On this machine strength follows it")
    assert machines_page.scorer() == "mine"
    assert machines_page.in_use() != before  # photos have to be opened again
    settings_page.keep("remote", "studio")
    assert machines_page.scorer() == ""


def test_it_tells_how_a_machine_answers(added: Studio) -> None:
    translation.use("de")
    try:
        assert re.match(r"studio antwortet in \d+,\d ms", machines_page.test("studio", EDITOR).sentence)
    finally:
        translation.use(translation.SOURCE)
    said = machines_page.test("studio", EDITOR)
    assert said.sentence.startswith("studio answers within ")
    assert f"version {__version__}, " in said.sentence
    assert not said.is_error
    added.daemon.kill()
    started = time.monotonic()
    said = machines_page.test("studio", EDITOR)
    assert time.monotonic() - started < 60  # three seconds; a busy machine must not fail a test
    assert said.is_error
    assert f"Nobody answers at {added.address}." in said.sentence
    assert "`" not in said.sentence  # there need not be a terminal


def test_a_client_is_of_the_machine_that_does_the_work(added: Studio) -> None:
    with machines_page.new_client(EDITOR) as client:
        client.connect()
        assert client.remote == "studio"
        assert machines_page.at_work(client).sentence == "studio does the work."
        assert client.status().result(PATIENCE).pid == added.daemon.process.pid
    assert not paths.address_path().exists()  # no daemon was started here


def test_a_forgotten_machine_does_no_work(added: Studio) -> None:
    assert machines_page.forget("studio").sentence == "This machine does the work now."
    assert (machines_page.chosen(), remotes.names()) == ("", [])
    assert machines_page.new_client(EDITOR).remote == ""
    assert not (paths.config_dir() / remotes.FOLDER / "studio.json").exists()


def test_without_the_wish_this_machine_does_not_take_over(added: Studio) -> None:
    added.daemon.kill()
    with (
        machines_page.new_client(EDITOR) as client,
        pytest.raises(DaemonLost, match="Nobody answers"),
    ):
        client.connect()
    assert not paths.address_path().exists()


def test_a_studio_that_is_lost_in_the_middle_is_replaced_by_this_machine_when_asked_for(
    added: Studio, start: Callable[..., Daemon]
) -> None:
    machines_page.fall_back(falls_back=True)
    start()
    with machines_page.new_client(EDITOR) as client:
        session = PhotoSession(client, PLAIN, picture(1).tobytes())
        session.render({0: Look(0.5)})
        there = session.wait(timeout=PATIENCE)
        assert machines_page.at_work(client).sentence == "studio does the work."
        added.daemon.kill()
        assert until(lambda: _is_lost(client))
        session.render({0: Look(0.5)})
        here = session.wait(timeout=PATIENCE)
        assert there is not None
        assert here is not None
        assert [bytes(patch.pixels) for patch in here.patches] == [
            bytes(patch.pixels) for patch in there.patches
        ]
        said = machines_page.at_work(client)
        assert said.is_error
        assert f"Nobody answers at {added.address}. This machine does the work meanwhile." == said.sentence


def test_where_no_engine_takes_over_the_other_machine_s_silence_is_said(
    added: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the connector of a zip is all there is."""
    machines_page.fall_back(falls_back=True)
    added.daemon.kill()
    monkeypatch.setattr(launch, "start", _no_engine)
    with (
        machines_page.new_client(EDITOR) as client,
        pytest.raises(DaemonLost, match=f"Nobody answers at {added.address}"),
    ):
        client.connect()
    assert client.fallback_reason is None


def test_the_next_connection_is_to_the_studio_again(added: Studio, start: Callable[..., Daemon]) -> None:
    machines_page.fall_back(falls_back=True)
    start()
    file = remotes.path("studio")
    kept = file.read_text()
    file.write_text(kept.replace(added.address, "127.0.0.1:1"))
    with machines_page.new_client(EDITOR) as client:
        client.connect()
        assert machines_page.at_work(client).is_error
        client.close()
        file.write_text(kept)
        client.connect()
        assert machines_page.at_work(client).sentence == "studio does the work."
        assert client.status().result(PATIENCE).software == __version__


def test_a_machine_whose_entry_has_gone_is_said(added: Studio) -> None:
    remotes.path("studio").unlink()
    with machines_page.new_client(EDITOR) as client, pytest.raises(RetouchError, match="cannot be read"):
        client.connect()
    assert ("studio", "studio") in machines_page.choice(settings_page.load()[0]).values
    assert "There is no remote called studio" in machines_page.test("studio", EDITOR).sentence


@pytest.mark.usefixtures("home")
def test_another_machine_alone_is_enough_where_there_is_no_engine(tmp_path: Path) -> None:
    assert not machines_page.is_alone()
    machines_page.add(Invitation(invitation(tmp_path), "studio", "192.0.2.7:5555"))
    assert not machines_page.is_alone()  # this checkout has an engine
    paths.data_dir().mkdir(parents=True)
    (paths.data_dir() / "install.json").write_text('{"python": "/nowhere/python"}')
    assert machines_page.is_alone()


def _no_engine(*_: object, **__: object) -> None:
    raise DaemonAbsent("RetouchML is not installed for this user.")


def _is_lost(client: Client) -> bool:
    client.process(0.05)
    return not client.is_connected
