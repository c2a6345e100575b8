"""The service for a machine that several people share: one daemon for each, started with the machine."""

import argparse
import os
import shutil
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from install import processes, running_daemon
from install.checkout import PYTHON, TOP
from install.console import Console, Tick
from install.data_folders import Folders
from install.errors import InstallError
from install.service import plan
from install.service.systemd_unit import for_system, quoted, version_in

UNITS = Path("/etc/systemd/system")
TEMPLATE = "retouchml@.service"
CACHES = Path("/var/cache/retouchml")  # what CacheDirectory= makes

_POLL_SECONDS = 0.3

# folders that the template hides from the daemon
_HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108


class _Account(NamedTuple):
    """A user of this machine: name, number, first group's number, and home."""

    name: str
    number: int
    group: int
    home: str


def install(arguments: argparse.Namespace, console: Console) -> None:
    """Write the template and start an instance for each user. Raises InstallError."""
    if shutil.which("systemctl") is None:
        raise InstallError("Only a Linux system with systemd can start it for several users.")
    if not _is_root():
        raise InstallError("Only root can set up services for other users.", "Run this again with sudo.")
    users = [_account(name) for name in arguments.system]
    service, folders = plan.for_all_users(arguments)
    data = shared_data(folders)
    check_visible(TOP, PYTHON, data)
    version = processes.run(["systemctl", "show", "--property=Version", "--value"], log=False)
    if version.code != 0:
        raise InstallError(
            f"systemd does not run this system ({version.last_line}).",
            "In a container, start the daemon itself.",
        )
    content = for_system(service, data, version=version_in(version.last_line))
    with console.step("background service") as tick:
        let_all_read(folders.data)
        (UNITS / TEMPLATE).write_text(content, encoding="utf-8")
        _systemctl("daemon-reload")
        for user in users:
            _systemctl("enable", f"retouchml@{user.number}.service")
            _systemctl("restart", f"retouchml@{user.number}.service")
            tick()
        _wait(users, tick)
    console.say(f"It starts with the machine. Described in {UNITS / TEMPLATE}")
    for user in users:
        console.say(f"{user.name}: systemctl status retouchml@{user.number}")


def shared_data(folders: Folders) -> Path:
    """The folder for XDG_DATA_HOME. Raises InstallError if RETOUCHML_HOME is set: it moves sockets, too."""
    if folders.data.name != "retouchml":
        raise InstallError(
            "RETOUCHML_HOME is one person's, and several cannot share it.",
            "Unset it, and say with XDG_DATA_HOME where the models are.",
        )
    return folders.data.parent


def check_visible(*paths: Path) -> None:
    """Raises InstallError if the service could not see one of ``paths``: all homes are hidden from it."""
    for path in paths:
        for place in {path, path.resolve()}:
            if any(place.is_relative_to(hidden) for hidden in _HIDDEN):
                raise InstallError(
                    f"{place} lies in a place that the service for several users must not see.",
                    "Put the checkout elsewhere, such as /opt/retouchml, and there, as root, run `export "
                    "XDG_DATA_HOME=/opt/retouchml-data`, then `python3 install demo`, then this again.",
                )


def let_all_read(folder: Path) -> None:
    """Let every user read the files in ``folder``, which may be private. Raises InstallError."""
    try:
        for parent, _, names in os.walk(folder):
            for path in (Path(parent), *(Path(parent, name) for name in names)):
                mode = path.lstat().st_mode
                if not stat.S_ISLNK(mode):
                    path.chmod(stat.S_IMODE(mode) | (0o055 if stat.S_ISDIR(mode) else 0o044))
    except OSError as error:
        raise InstallError(f"{folder} cannot be opened to all users: {error.strerror}.") from error


def files() -> list[Path]:
    """The template and its instances' caches, if it runs this checkout and this user may remove it."""
    with suppress(OSError):
        text = (UNITS / TEMPLATE).read_text(encoding="utf-8")
        if os.access(UNITS, os.W_OK) and quoted(str(PYTHON)) in text:
            return [UNITS / TEMPLATE, CACHES]
    return []


def remove() -> None:
    """Stop all instances and remove the template; without systemd, only its files."""
    for words in (("stop", "retouchml@*.service"), ("disable", TEMPLATE)):
        processes.run(["systemctl", *words], log=False)
    for link in UNITS.glob("*.wants/retouchml@*.service"):
        link.unlink(missing_ok=True)
    (UNITS / TEMPLATE).unlink(missing_ok=True)
    processes.run(["systemctl", "daemon-reload"], log=False)


def _wait(users: list[_Account], tick: Tick) -> None:
    end = time.monotonic() + running_daemon.START_SECONDS
    for user in users:
        number = user.number
        become = ("setpriv", f"--reuid={number}", f"--regid={user.group}", "--init-groups")
        home = {"HOME": user.home, "XDG_RUNTIME_DIR": f"/run/user/{number}", "PATH": os.defpath}
        while not running_daemon.answers_as_service(become, home):
            if time.monotonic() > end:
                raise InstallError(
                    f"The service is set up, but no daemon answers {user.name} as one.",
                    f"Read what it says: journalctl -u retouchml@{number}. Then run this again.",
                )
            tick()
            time.sleep(_POLL_SECONDS)


def _systemctl(*words: str) -> None:
    outcome = processes.run(["systemctl", *words], log=False)
    if outcome.code != 0:
        raise InstallError(f"`systemctl {' '.join(words)}` failed: {outcome.last_line}")


def _account(name: str) -> _Account:
    account = _look_up(name)
    if account is None:
        raise InstallError(f"There is no user {name} here.")
    return account


if sys.platform == "win32":  # which has no systemd

    def _is_root() -> bool:
        return False

    def _look_up(name: str) -> _Account | None:  # noqa: ARG001
        return None
else:
    import pwd

    def _is_root() -> bool:
        return os.getuid() == 0

    def _look_up(name: str) -> _Account | None:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            return None
        return _Account(name, entry.pw_uid, entry.pw_gid, entry.pw_dir)
