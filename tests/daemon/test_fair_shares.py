"""Several people at one daemon: who is named where, what each may have, and how they take turns."""

from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.people import People, Role
from retouchml import paths
from retouchml.client import connection_file
from retouchml.client.client import Client
from retouchml.client.pixel_format import PixelFormat
from retouchml.client.status import PersonStatus
from retouchml.errors import Busy
from retouchml.look import Look
from tests.daemon.running import PATIENCE, PLAIN, Daemon, picture, until
from tests.waiting import held, open_gate

Start = Callable[..., Daemon]
SLOW = Look(0.5, edits={"slow": 0.03})  # 0.3 s


@pytest.fixture
def invite(start: Start, tmp_path: Path) -> Callable[..., Path]:
    """Starts a daemon on TCP with limits; then invites people, by their names."""
    endpoints: list[str] = []

    def invite_one(name: str, role: Role = "use", limits: str = "") -> Path:
        if not endpoints:
            start("--tcp", "127.0.0.1:0", *(["--limits", limits] if limits else []))
            endpoints.append(connection_file.read(paths.runtime_dir() / connection_file.NAME).endpoint)
        path = tmp_path / f"{name}.json"
        connection_file.write(path, People().add(name, role, endpoints[0]))
        return path

    return invite_one


def people(client: Client) -> "dict[str, PersonStatus]":
    return {person.name: person for person in client.status().result(PATIENCE).people}


def test_the_owner_and_admins_see_everybody_and_a_person_themselves_alone(
    invite: Callable[..., Path],
) -> None:
    with (
        Client(connection_file=invite("anna")) as anna,
        Client(connection_file=invite("otto")) as otto,
        Client(connection_file=invite("mia", "admin")) as mia,
        Client() as owner,
    ):
        photo = anna.open(PLAIN, picture().tobytes()).result(PATIENCE)
        photo.render({0: SLOW}).result(PATIENCE)
        otto.open(PLAIN, picture().tobytes()).result(PATIENCE)
        for somebody in (owner, mia):
            seen = people(somebody)
            assert set(seen) == {"anna", "otto"}
            assert (seen["anna"].clients, seen["anna"].photos, seen["anna"].pixels) == (1, 1, 64 * 24)
            assert (seen["anna"].jobs, seen["otto"].jobs) == (2, 1)
            assert seen["anna"].seconds > 0.3
        assert set(people(otto)) == {"otto"}


def test_what_is_named_in_the_log_are_people_and_no_pictures(invite: Callable[..., Path]) -> None:
    with Client(connection_file=invite("anna"), name="secret.png") as anna:
        anna.open(PLAIN, picture().tobytes()).result(PATIENCE)
    with Client() as owner:
        assert until(lambda: owner.status().result(PATIENCE).photos == 0)
        log = Path(owner.status().result(PATIENCE).log).read_text()
    assert "a client of anna was lost with 1 photos and 0 jobs" in log
    assert "secret" not in log


def test_the_megapixels_of_a_person_are_bounded_over_all_their_programs(
    invite: Callable[..., Path],
) -> None:
    large = PixelFormat(1000, 600, "u8", "Y")
    pixels = bytes(600_000)
    file = invite("anna", limits="megapixels_of_person=1")
    with (
        Client(connection_file=file) as first,
        Client(connection_file=file) as second,
        Client(connection_file=invite("otto")) as otto,
        Client() as owner,
    ):
        photo = first.open(large, pixels).result(PATIENCE)
        with pytest.raises(Busy, match="One person may have 1 megapixels open at once"):
            second.open(large, pixels).result(PATIENCE)
        for other in (otto, owner, owner):
            other.open(large, pixels).result(PATIENCE)
        photo.close()
        first.status().result(PATIENCE)  # that it was closed is known, before another connection asks
        second.open(large, pixels).result(PATIENCE)


def test_a_moved_slider_of_one_person_waits_for_one_job_of_another_at_most(
    invite: Callable[..., Path],
) -> None:
    file = invite("anna")
    crowd = [Client(connection_file=file) for _ in range(6)]
    with Client(connection_file=invite("otto")) as otto:
        photos = [client.open(PLAIN, picture().tobytes()).result(PATIENCE) for client in crowd]
        own = otto.open(PLAIN, picture().tobytes()).result(PATIENCE)
        photos[0].render({0: Look(0.5, edits={"held": 0.1})})
        assert until(lambda: held() == 1)
        for photo in photos[1:]:
            photo.render({0: Look(0.5, edits={"held": 0.2})})
        call = own.render({0: Look(0.5)})
        with Client() as owner:
            assert until(lambda: [each.waiting for each in people(owner).values()] == [5, 1])
        open_gate()
        assert call.result(PATIENCE).patches
    for client in crowd:
        client.close()
