"""The way through SSH in docs/cli.md: a real sshd, a real tunnel, a real daemon without an open port.

Needs OpenSSH's server, which RETOUCHML_TEST_SSHD may name by its absolute path.
"""

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from daemon.people import People
from retouchml import paths
from retouchml.client import connection_file
from tests.daemon.running import Daemon, is_root, until
from tests.ports import free_port
from tests.retouchml.cli.real_daemon.test_daemon_backend import portrait, run

_SSHD = os.environ.get("RETOUCHML_TEST_SSHD") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        _SSHD is None or shutil.which("ssh") is None, reason="OpenSSH's server or client is not installed"
    ),
    pytest.mark.skipif(
        is_root and not Path("/run/sshd").is_dir(), reason="sshd needs /run/sshd if it is started by root"
    ),
]


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False


def _make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)


@pytest.fixture
def tunnel(tmp_path: Path) -> Iterator[Callable[[str], int]]:
    """Starts a tunnel to HOST:PORT; the port of its other end."""
    port, processes = free_port(), []
    host, mine = tmp_path / "host", tmp_path / "mine"
    _make_key(host)
    _make_key(mine)
    settings = tmp_path / "sshd_config"
    settings.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host}\nAuthorizedKeysFile {mine}.pub\n"
        f"PidFile {tmp_path / 'pid'}\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
    )

    def open_tunnel(target: str) -> int:
        end = free_port()
        processes.append(subprocess.Popen([str(_SSHD), "-D", "-f", settings], stderr=subprocess.DEVNULL))
        assert until(lambda: answers(port))
        command = ["ssh", "-N", "-p", str(port), "-i", mine, "-F", os.devnull, "-L", f"{end}:{target}"]
        command += ["-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={os.devnull}"]
        command += ["-o", "BatchMode=yes", f"{getpass.getuser()}@127.0.0.1"]
        processes.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        assert until(lambda: answers(end))
        return end

    yield open_tunnel
    for process in reversed(processes):
        process.terminate()
        process.wait()


def test_a_picture_is_retouched_through_a_tunnel(
    start: Callable[..., Daemon],
    tunnel: Callable[[str], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start("--tcp", "127.0.0.1:0")
    endpoint = connection_file.read(paths.runtime_dir() / connection_file.NAME).endpoint
    invitation = tmp_path / "anna.json"
    connection_file.write(invitation, People().add("anna", "use", endpoint))
    end = f"127.0.0.1:{tunnel(endpoint.removeprefix('tcp://'))}"
    with TemporaryDirectory(prefix="rml") as folder:
        monkeypatch.setenv("RETOUCHML_HOME", folder)
        assert run("remote", "add", invitation, "--host", end).returncode == 0
        assert "studio answers within" in run("remote", "test", "studio").stdout
        ran = run("beautify", portrait(tmp_path), "-o", tmp_path / "out.png", "--remote", "studio")
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "1 face retouched" in ran.stdout
