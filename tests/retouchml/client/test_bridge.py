"""An interpreter without ZeroMQ reaches a real daemon over the bridge."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from retouchml.client import bridge
from retouchml.client.call import Call
from retouchml.client.client import Client
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import DaemonAbsent, DaemonLost
from retouchml.look import Look
from tests.daemon import running
from tests.daemon.running import Daemon, kill
from tests.retouchml.light import lay_out
from tests.waiting import HELD

# Runs where site-packages are out of reach, with nothing but a plug-in's folder.
_EDITOR = """
import json, sys
folder, size = sys.argv[1], int(sys.argv[2])
sys.path.insert(0, folder)
from pathlib import Path
from retouchml.client import vendored
can_load = vendored.use(Path(folder, "vendor"))
from retouchml.client.client import Client
from retouchml.look import Look
from retouchml.client.pixel_format import PixelFormat
pixels = bytearray(4 * size * size)
pixels[:2] = 1, 1
stages = []
with Client(start=True) as client:
    opened = client.open(PixelFormat(size, size), pixels).result(60)
    call = opened.render({0: Look(0.5)})
    call.on_progress = lambda stage, *_: stages.append(stage)
    (patch,) = call.result(60).patches
    answer = {"box": patch.box, "bytes": len(patch.pixels), "transport": type(client._transport).__name__}
    answer |= {"zmq": can_load or "zmq" in sys.modules, "stages": len(stages)}
    if len(sys.argv) > 3:
        print(json.dumps(answer), flush=True)
        client.open(PixelFormat(size, size), pixels).result(60)
        sys.stdin.read()
print(json.dumps(answer))
"""


def editor(folder: Path, *arguments: object) -> list[str]:
    """The command of a Python that has no packages at all."""
    return [sys.executable, "-S", "-I", "-c", _EDITOR, str(folder), *map(str, arguments)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plug-in's folder without pyzmq, and with msgpack in pure Python alone."""
    return lay_out(tmp_path / "plug-in", "msgpack", "platformdirs")


def ended(client: Client, call: Call[Any]) -> bool:
    """Whether the call ends in a while."""

    def has_ended() -> bool:
        client.process(0.05)
        return call.done

    return running.until(has_ended)


def write_record(home: Path) -> None:
    (home / "data").mkdir()
    (home / "data" / "install.json").write_text(json.dumps({"python": sys.executable}))


@pytest.fixture
def without_zmq(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process cannot load ZeroMQ either; its children can."""
    write_record(home)
    monkeypatch.setitem(sys.modules, "zmq", None)
    monkeypatch.setitem(sys.modules, "zmq.utils.monitor", None)


@pytest.mark.parametrize("size", [64, 3000])
def test_a_python_without_zmq_renders_over_the_bridge(
    daemon: Daemon, folder: Path, home: Path, size: int
) -> None:
    write_record(home)
    done = subprocess.run(editor(folder, size), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["transport"], answer["zmq"]) == ("BridgeTransport", False)
    assert answer["bytes"] == 4 * answer["box"][2] * answer["box"][3]
    assert answer["stages"] > 0
    assert running.until(lambda: daemon.status().photos == 0)


def test_an_editor_that_is_killed_takes_its_bridge_along(daemon: Daemon, folder: Path, home: Path) -> None:
    write_record(home)
    process = subprocess.Popen(
        editor(folder, 64, "stay"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    assert running.until(lambda: daemon.status().photos == 2)
    (child,) = psutil.Process(process.pid).children()
    process.kill()
    process.communicate()
    assert running.until(lambda: not running.is_alive(child.pid))
    assert running.until(lambda: daemon.status().photos == 0)


@pytest.mark.usefixtures("without_zmq")
def test_an_event_loop_hears_of_everything_by_the_bridges_descriptor(daemon: Daemon) -> None:
    with Client() as client:
        heard = running.rendered_in_a_loop(client)
    assert (heard[0], heard[-2:]) == ("RemotePhoto", ["preview", "Rendered"])


@pytest.mark.usefixtures("without_zmq")
def test_without_a_daemon_the_bridge_says_so_as_the_socket_does() -> None:
    with pytest.raises(DaemonAbsent, match="No daemon runs"):
        Client().connect()


@pytest.mark.usefixtures("without_zmq")
def test_a_daemon_killed_under_a_request_ends_it_and_the_next_request_finds_a_new_daemon(
    start: Callable[..., Daemon],
) -> None:
    first = start()
    with Client() as client:
        pixels = running.picture(1, 200).tobytes()
        photo = client.open(PixelFormat(64, 24), pixels).result(60)
        call = photo.prepare()
        first.kill()
        with pytest.raises(DaemonLost):
            call.result(60)
        second = start()
        photo = client.open(PixelFormat(64, 24), pixels).result(60)
        assert second.process.poll() is None
        assert photo.render({0: Look(0)}).result(60).patches == ()


@pytest.mark.usefixtures("without_zmq")
def test_cancel_reaches_the_daemon_over_the_bridge(daemon: Daemon) -> None:
    with Client() as client:
        photo = client.open(PixelFormat(64, 24), running.picture(1, HELD).tobytes()).result(60)
        call = photo.prepare()
        call.cancel()
        assert ended(client, call)
        assert type(call.error).__name__ == "Cancelled"


@pytest.mark.usefixtures("without_zmq")
def test_a_bridge_whose_child_is_killed_is_a_lost_daemon(daemon: Daemon) -> None:
    with Client() as client:
        client.connect()
        transport = client._transport
        assert isinstance(transport, bridge.BridgeTransport)
        assert transport._process is not None
        pid = transport._process.pid
        call = client.status()
        kill(pid)
        assert ended(client, call)
        assert client.status().result(60).photos == 0


def test_packets_that_are_cut_or_absurd_end_the_stream(tmp_path: Path) -> None:
    file = tmp_path / "packets"
    with file.open("wb") as stream:
        bridge.write_packet(stream, bridge.MESSAGE, [b"one", b"", memoryview(b"three")])
    whole = file.read_bytes()
    with file.open("rb") as stream:
        assert bridge.read_packet(stream) == (bridge.MESSAGE, [b"one", b"", b"three"])
        assert bridge.read_packet(stream) is None
    for broken in [whole[:cut] for cut in range(len(whole))] + [b"m\xff\xff\xff\xff" + whole]:
        file.write_bytes(broken)
        with file.open("rb") as stream:
            assert bridge.read_packet(stream) is None
