"""Editors in sandboxes: how they are told apart, and that they reach a real daemon outside with its keys."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from daemon.sandboxed_editors import SandboxFiles
from retouchml.client import connection_file, launch, sandbox
from retouchml.client.client import Client
from retouchml.client.connection_file import Connection
from retouchml.client.sandbox import Sandbox
from retouchml.errors import DaemonAbsent
from retouchml.system import sandboxes
from retouchml.system.editors import sandboxed_folders
from tests.daemon import running
from tests.daemon.running import PATIENCE, PLAIN, needs_posix, picture, until
from tests.marks import marks_tests

INFO = """[Application]
name=org.gimp.GIMP
runtime=runtime/org.gnome.Platform/x86_64/48

[Session Bus Policy]
org.gtk.vfs.*=talk
{policy}
"""


def flatpak(folder: Path, policy: str = "") -> Path:
    """The file that Flatpak puts into a sandbox of GIMP."""
    info = folder / "flatpak-info"
    info.write_text(INFO.format(policy=policy))
    return info


def test_no_sandbox_is_none(tmp_path: Path) -> None:
    assert sandbox.current(tmp_path / "nothing", {"HOME": "/home/me"}) is None
    # a terminal in a program from Snap hands its variables on
    assert sandbox.current(tmp_path / "nothing", {"SNAP": "/snap/code/1", "SNAP_NAME": "code"}) is None
    assert sandbox.current(tmp_path / "nothing", {"SNAP_NAME": "gimp"}) is None


@pytest.mark.parametrize(
    ("policy", "has_spawn", "may_start"),
    [
        ("", True, False),
        ("org.freedesktop.Flatpak=talk", True, True),
        ("org.freedesktop.Flatpak=own", True, True),
        ("org.freedesktop.Flatpak=talk", False, False),
        ("org.freedesktop.Flatpak=none", True, False),
        ("[Context]\norg.freedesktop.Flatpak=talk", True, False),
    ],
)
def test_flatpak_says_which_application_and_whether_programs_outside_can_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str, has_spawn: bool, may_start: bool
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if has_spawn else None)
    inside = {"HOME": "/home/me", "XDG_DATA_HOME": "/home/me/.var/app/org.gimp.GIMP/data"}
    box = sandbox.current(flatpak(tmp_path, policy), inside)
    assert box is not None
    assert (box.kind, box.app, box.may_start) == ("Flatpak", "org.gimp.GIMP", may_start)
    # both sides mean the same folder
    assert box.folder == sandboxes.shared_folder("Flatpak", "org.gimp.GIMP", Path("/home/me"))


@pytest.mark.parametrize("name", ["gimp", "krita"])
def test_snap_says_which_editor(tmp_path: Path, name: str) -> None:
    inside = {
        "HOME": f"/home/me/snap/{name}/105",
        "SNAP": f"/snap/{name}/105",
        "SNAP_NAME": name,
        "SNAP_USER_COMMON": f"/home/me/snap/{name}/common",
    }
    box = sandbox.current(tmp_path / "nothing", inside)
    assert box is not None
    assert (box.kind, box.app, box.may_start) == ("Snap", name, False)
    assert box.folder == sandboxes.shared_folder("Snap", name, Path("/home/me"))


def test_a_program_outside_is_started_by_flatpak_spawn() -> None:
    box = Sandbox("Flatpak", "org.gimp.GIMP", Path("/x"), may_start=True)
    assert box.outside(["python", "-m", "daemon"]) == ["flatpak-spawn", "--host", "python", "-m", "daemon"]
    assert box.outside(["python"], ends_with_us=True) == ["flatpak-spawn", "--host", "--watch-bus", "python"]


@needs_posix
def test_folders_are_those_of_sandboxes_with_the_plug_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert sandboxed_folders() == []
    profile = tmp_path / ".var/app/org.gimp.GIMP/config/GIMP/3.0/plug-ins"
    profile.mkdir(parents=True)
    assert sandboxed_folders() == []
    extension = tmp_path / ".local/share/flatpak/runtime/org.gimp.GIMP.Plugin.RetouchML"
    extension.mkdir(parents=True)  # as a package of Flatpak
    assert sandboxed_folders() == [tmp_path / ".var/app/org.gimp.GIMP/data/retouchml"]
    extension.rmdir()
    (profile / "retouchml-beautify").mkdir()
    (tmp_path / "snap/gimp/current/.config/GIMP/3.0/plug-ins/retouchml-beautify").mkdir(parents=True)
    assert sandboxed_folders() == [
        tmp_path / ".var/app/org.gimp.GIMP/data/retouchml",
        tmp_path / "snap/gimp/common/retouchml",
    ]


def test_a_file_of_another_daemon_is_not_removed(tmp_path: Path) -> None:
    keys = Connection("tcp://127.0.0.1:9", "a" * 40, "b" * 40, "c" * 40, "d" * 40)
    mine, file = SandboxFiles(), tmp_path / "app" / sandboxes.CONNECTION_FILE
    mine.write([tmp_path / "app"], keys)
    assert connection_file.read(file).server_secret == ""
    other = SandboxFiles()
    other.write([tmp_path / "app"], keys.at("tcp://127.0.0.1:10"))
    mine.remove()
    assert file.exists()
    other.remove()
    assert not file.exists()


@pytest.fixture
@marks_tests("processes")
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a user who has the plug-in in GIMP from Flatpak."""
    home = tmp_path / "user"
    (home / ".var/app/org.gimp.GIMP/config/GIMP/3.0/plug-ins/retouchml-beautify").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home


def enter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, box: Sandbox) -> None:
    """Let this process be in a sandbox, which has no sight of the daemon's socket."""
    monkeypatch.setattr(sandbox, "current", lambda: box)
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path / "inside"))


@needs_posix
def test_an_editor_in_a_sandbox_opens_a_photo_at_the_daemon_outside(
    tmp_path: Path, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = running.start()
    try:
        box = Sandbox("Flatpak", "org.gimp.GIMP", user / ".var/app/org.gimp.GIMP/data/retouchml")
        assert until(box.connection_file.exists)
        outside = os.environ["RETOUCHML_HOME"]
        enter(monkeypatch, tmp_path, box)
        with Client(start=True) as client:
            client.connect()
            assert len(client.open(PLAIN, picture(2).tobytes()).result(PATIENCE).faces) == 2
        monkeypatch.setenv("RETOUCHML_HOME", outside)
        daemon.stop()
        assert not box.connection_file.exists()
    finally:
        daemon.close()


@needs_posix
@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("has_zmq", [True, False])
@pytest.mark.parametrize("kind", ["Flatpak", "Snap"])
def test_where_none_listens_an_editor_says_the_one_thing_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_zmq: bool, kind: str
) -> None:
    enter(monkeypatch, tmp_path, Sandbox(kind, "gimp", tmp_path / "app"))
    if not has_zmq:
        monkeypatch.setitem(sys.modules, "zmq", None)
        monkeypatch.setitem(sys.modules, "zmq.utils.monitor", None)
    with pytest.raises(DaemonAbsent, match=f"{kind} sandbox of gimp") as caught:
        Client(start=True).connect()
    assert caught.value.advice.count("`") == 2
    assert "retouchml daemon restart" in caught.value.advice


@needs_posix
def test_where_it_is_allowed_the_plug_in_starts_the_daemon_outside(
    tmp_path: Path, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what flatpak-spawn does: it runs the rest of its command with the environment of the other side
    bin_, outside = tmp_path / "bin", os.environ["RETOUCHML_HOME"]
    bin_.mkdir()
    spawn = bin_ / "flatpak-spawn"
    spawn.write_text(
        '#!/bin/sh\n[ "$1" = --host ] || exit 1\nshift\n[ "$1" = --watch-bus ] && shift\n'
        f'export RETOUCHML_HOME="{outside}" PYTHONPATH="{running.ROOT}"\nexec "$@"\n'
    )
    spawn.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    record = user / ".local/share/retouchml/install.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"python": sys.executable}))
    folder = user / ".var/app/org.gimp.GIMP/data/retouchml"
    box = Sandbox("Flatpak", "org.gimp.GIMP", folder, may_start=True)
    enter(monkeypatch, tmp_path, box)
    assert not launch.is_installed()
    with Client(start=True) as client:
        client.connect()
        status = client.status().result(PATIENCE)
    assert box.connection_file.exists()
    running.kill(status.pid)
