"""Memory that uploads take: counted, given back, and said when there is none."""

from collections.abc import Callable
from typing import Any

import psutil
import pytest

from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import Busy
from retouchml.look import Look
from tests.daemon.running import PATIENCE, PLAIN, Daemon, picture, until

Start = Callable[..., Daemon]
MEGABYTE = 1 << 20
resource: Any = pytest.importorskip("resource", reason="limits of a process are Linux's")
linux = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of a process are Linux's")


@linux
def test_an_upload_for_which_the_daemon_has_no_memory_says_so_and_the_daemon_goes_on(daemon: Daemon) -> None:
    photo, client = daemon.photo(), daemon.client()
    client.connect()
    used = psutil.Process(daemon.process.pid).memory_info().vms
    resource.prlimit(daemon.process.pid, resource.RLIMIT_AS, (used + 40 * MEGABYTE, resource.RLIM_INFINITY))
    side = 6000
    with pytest.raises(Busy, match="not enough memory for this picture"):
        client.open(PixelFormat(side, side, "u8", "RGBA"), bytes(4 * side * side)).result(PATIENCE)
    assert photo.render({0: Look(0.5)}).result(PATIENCE).patches
    assert daemon.status().pid == daemon.process.pid


@linux
def test_after_a_burst_of_large_photos_the_daemon_gives_the_memory_back(start: Start) -> None:
    daemon = start()
    daemon.photo()
    before = daemon.status().memory
    assert before is not None
    pixels = bytearray(3000 * 2500 * 4)  # 30 MB, which the C library would keep for itself
    pixels[:2] = 1, 0
    for _ in range(2):
        clients = [daemon.client() for _ in range(4)]
        calls = [
            client.open(PixelFormat(3000, 2500, "u8", "RGBA"), bytes(pixels))
            for client in clients
            for _ in range(3)
        ]
        for call in calls:
            call.result(PATIENCE)
        for client in clients:
            client.close()
    measured: list[int] = []

    def given_back() -> bool:
        measured.append(daemon.status().memory or 0)
        return measured[-1] < before + 24 * MEGABYTE

    assert until(given_back), (before, measured[-1])


def test_profiles_of_held_photos_are_counted(start: Start) -> None:
    profile = bytes(100_000)
    daemon = start("--limits", f"photo_bytes={PLAIN.size + len(profile) + 1}")
    client = daemon.client()
    pixels = picture().tobytes()
    client.open(PLAIN, pixels, icc=profile).result(PATIENCE)
    assert daemon.status().photo_bytes == PLAIN.size + len(profile)
    with pytest.raises(Busy, match="as many pictures as it may"):
        client.open(PLAIN, pixels).result(PATIENCE)
