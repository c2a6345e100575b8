"""``install service --system``: what it asks of the system's manager, which a list of calls stands in for."""

import argparse
import json
import os
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from install import processes, running_daemon
from install.actions import uninstall
from install.actions.service import BackgroundService
from install.actions.uninstall import Uninstall
from install.checkout import PYTHON
from install.console import Console
from install.data_folders import Folders
from install.errors import InstallError
from install.processes import Outcome
from install.service import manager, plan, systemd_system
from install.service.plan import Service
from install.service.systemd_unit import quoted

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")

ME = os.getuid() if sys.platform != "win32" else 0
ANSWER = json.dumps({"service": True})


class Machine:
    """A machine without systemd: records its calls, and answers ``retouchml daemon status``."""

    def __init__(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.environments: list[dict[str, str]] = []
        self.answer = (0, ANSWER)
        self.units, self.caches, self.data = top / "units", top / "caches", top / "data" / "retouchml"
        for folder in (self.units, self.data / "models"):
            folder.mkdir(parents=True)
        self.folders = Folders(top / "config", self.data, top / "cache")
        service = Service(Path(sys.executable), ("-m", "daemon"))
        replacements: tuple[tuple[Any, str, Any], ...] = (
            (processes, "run", self.run),
            (systemd_system, "UNITS", self.units),
            (systemd_system, "CACHES", self.caches),
            (running_daemon, "START_SECONDS", 0.5),
            (systemd_system, "check_visible", lambda *_: None),
            (os, "getuid", lambda: 0),
            (shutil, "which", lambda _: "/usr/bin/systemctl"),
            (systemd_system, "_look_up", lambda name: systemd_system._Account(name, ME, ME, "/home/anna")),
            (plan, "for_all_users", lambda _: (service, self.folders)),
        )
        for module, name, value in replacements:
            monkeypatch.setattr(module, name, value)

    def run(self, command: list[Any], *_: Any, env: dict[str, str] | None = None, **__: Any) -> Outcome:
        self.calls.append(" ".join(map(str, command)))
        self.environments.append(env or {})
        if "status" in command:
            return Outcome(*self.answer)
        return Outcome(0, "257" if "show" in command else "")


def install() -> None:
    systemd_system.install(argparse.Namespace(system=["anna"]), Console())


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_each_daemon_is_started_and_then_asked_by_its_own_user(machine: Machine) -> None:
    install()
    assert (machine.units / "retouchml@.service").is_file()
    enabled, restarted, asked = machine.calls[-3:]
    assert enabled == f"systemctl enable retouchml@{ME}.service"
    assert restarted == f"systemctl restart retouchml@{ME}.service"
    assert asked.startswith(f"setpriv --reuid={ME} ")
    assert asked.endswith(" -m retouchml daemon status --json")
    assert machine.environments[-1]["XDG_RUNTIME_DIR"] == f"/run/user/{ME}"


@pytest.mark.parametrize("answer", [(1, "No daemon runs."), (0, json.dumps({"service": False}))])
def test_a_daemon_that_does_not_answer_its_user_is_an_error(
    machine: Machine, answer: tuple[int, str]
) -> None:
    machine.answer = answer
    with pytest.raises(InstallError, match="no daemon answers anna as one") as raised:
        install()
    assert f"journalctl -u retouchml@{ME}" in raised.value.advice


def test_private_models_are_made_readable_for_all_before_a_daemon_starts(
    machine: Machine, tmp_path: Path
) -> None:
    model, elsewhere = machine.data / "models" / "m.safetensors", tmp_path / "elsewhere"
    for file in (model, elsewhere):
        file.touch(0o600)
    (machine.data / "models").chmod(0o700)
    (machine.data / "models" / "link").symlink_to(elsewhere)
    install()
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (model, model.parent, elsewhere)]
    assert list(map(oct, modes)) == ["0o644", "0o755", "0o600"]


def test_uninstall_removes_the_template_its_instances_and_their_caches(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    template, link = machine.units / "retouchml@.service", machine.units / "x.target.wants"
    template.write_text(quoted(str(PYTHON)))
    link.mkdir()
    (link / f"retouchml@{ME}.service").symlink_to(template)
    (machine.caches / str(ME)).mkdir(parents=True)
    monkeypatch.setattr(manager, "MANAGERS", {})  # this user has no service
    monkeypatch.setattr(uninstall, "find_folders", lambda: machine.folders)
    action = Uninstall({"service": BackgroundService()})
    assert action.run(argparse.Namespace(part="service", yes=True), Console()) == 0
    assert (template.exists(), list(link.iterdir()), machine.caches.exists()) == (False, [], False)
    assert "systemctl stop retouchml@*.service" in machine.calls


def test_a_service_for_all_users_may_not_lie_where_it_cannot_see_itself() -> None:
    systemd_system.check_visible(Path("/opt/retouchml"), Path("/usr/share/retouchml"))
    for hidden in ("/home/anna/retouchml", "/root/x", "/run/user/1000", "/tmp/x"):
        with pytest.raises(InstallError, match="must not see"):
            systemd_system.check_visible(Path("/opt/retouchml"), Path(hidden))


def test_several_users_share_a_data_folder_but_no_retouchml_home() -> None:
    top = Path("/opt")
    assert systemd_system.shared_data(Folders(top, top / "x" / "retouchml", top)) == top / "x"
    with pytest.raises(InstallError, match="several cannot share"):
        systemd_system.shared_data(Folders(top, top / "home" / "data", top))
