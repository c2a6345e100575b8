"""What is left of a client that closes or is killed, and how much it may keep."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from retouchml.client.client import Client
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import Busy
from tests.daemon.running import PATIENCE, PLAIN, Daemon, environment, until

Start = Callable[..., Daemon]
_PLUG_IN = f"""
import sys
from retouchml.client.client import Client
from retouchml.look import Look
from tests.daemon.running import PLAIN, picture
client = Client()
photo = client.open(PLAIN, picture().tobytes()).result({PATIENCE})
call = photo.render({{0: Look(0.5, edits={{"held": 0.1}})}})
print("open", flush=True)
call.result()
"""


def is_busy(daemon: Daemon) -> bool:
    return bool(daemon.status().workers[0].state == "busy")


def test_a_killed_plug_in_leaves_no_photo_and_no_job(daemon: Daemon) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PLUG_IN], env=environment(), stdout=subprocess.PIPE, text=True
    ) as plug_in:
        assert plug_in.stdout is not None
        assert plug_in.stdout.readline() == "open\n"
        assert until(lambda: is_busy(daemon))
        plug_in.kill()
    assert until(lambda: daemon.status().photos == 0 and not is_busy(daemon))
    assert daemon.status().clients == 0


def test_a_client_that_closes_leaves_no_photo(daemon: Daemon) -> None:
    with Client() as client:
        daemon.photo(client=client)
    assert until(lambda: daemon.status().photos == 0)


@pytest.mark.parametrize("limit", ["photos=2", "photos_of_client=2", f"photo_bytes={2 * PLAIN.size}"])
def test_a_full_store_says_busy_until_a_photo_is_closed(start: Start, limit: str) -> None:
    daemon = start("--limits", limit)
    client = daemon.client()
    photos = [daemon.photo(client=client) for _ in range(2)]
    with pytest.raises(Busy):
        daemon.photo(client=client)
    photos[0].close()
    assert daemon.photo(client=client).faces


def test_too_many_clients_are_told_busy(start: Start) -> None:
    daemon = start("--limits", "clients=1")
    daemon.photo()
    with pytest.raises(Busy):
        daemon.photo()


def test_a_large_upload_whose_client_leaves_is_freed(daemon: Daemon) -> None:
    before = daemon.status().memory
    with Client() as client:
        client.open(PixelFormat(4000, 3000), bytes(4000 * 3000 * 4))
    assert until(lambda: daemon.status().photos == 0)
    assert until(lambda: daemon.status().memory - before < 16 << 20)
