"""``install service --system``: what it asks of the system's manager, which a list of calls stands in for."""

import argparse
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.install.modules import Load

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")

ME = os.getuid() if sys.platform != "win32" else 0
ANSWER = json.dumps({"service": True})


class Machine:
    """Stands in for the machine: its calls, and what ``retouchml daemon status`` says on it."""

    def __init__(self, load: Load, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.environments: list[dict[str, str]] = []
        self.answer = (0, ANSWER)
        self._outcome = load("install.processes").Outcome
        self.system = load("install.service.systemd_system")
        self.units, self.caches, self.data = top / "units", top / "caches", top / "data" / "retouchml"
        for folder in (self.units, self.data / "models"):
            folder.mkdir(parents=True)
        self.folders = load("install.data_folders").Folders(top / "config", self.data, top / "cache")
        service = load("install.service.plan").Service(Path(sys.executable), ("-m", "daemon"))
        for where, name, value in (
            (load("install.processes"), "run", self.run),
            (self.system, "UNITS", self.units),
            (self.system, "CACHES", self.caches),
            (self.system, "_SECONDS_TO_ANSWER", 0.5),
            (self.system, "check_visible", lambda *_: None),
            (self.system.os, "getuid", lambda: 0),
            (self.system.shutil, "which", lambda _: "/usr/bin/systemctl"),
            (self.system, "_look_up", lambda name: self.system._Account(name, ME, ME, "/home/anna")),
            (load("install.service.plan"), "plan_for_all", lambda _: (service, self.folders)),
        ):
            monkeypatch.setattr(where, name, value)

    def run(self, command: list[Any], *_: Any, env: dict[str, str] | None = None, **__: Any) -> Any:
        self.calls.append(" ".join(map(str, command)))
        self.environments.append(env or {})
        if "status" in command:
            return self._outcome(*self.answer)
        return self._outcome(0, "257" if "show" in command else "")

    def install(self, load: Load) -> int:
        code: int = self.system.install(
            argparse.Namespace(system=["anna"]), load("install.console").Console()
        )
        return code


@pytest.fixture
def machine(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(load, tmp_path, monkeypatch)


def test_each_daemon_is_started_and_then_asked_by_its_own_user(load: Load, machine: Machine) -> None:
    assert machine.install(load) == 0
    assert (machine.units / "retouchml@.service").is_file()
    enabled, restarted, asked = machine.calls[-3:]
    assert enabled == f"systemctl enable retouchml@{ME}.service"
    assert restarted == f"systemctl restart retouchml@{ME}.service"
    assert asked.startswith(f"setpriv --reuid={ME} ")
    assert asked.endswith(" -m retouchml daemon status --json")
    assert machine.environments[-1]["XDG_RUNTIME_DIR"] == f"/run/user/{ME}"


@pytest.mark.parametrize("answer", [(1, "No daemon runs."), (0, json.dumps({"service": False}))])
def test_a_daemon_that_does_not_answer_its_user_is_told_of(
    load: Load, machine: Machine, answer: tuple[int, str]
) -> None:
    machine.answer = answer
    with pytest.raises(load("install.problem").Problem, match="no daemon answers anna as one") as raised:
        machine.install(load)
    assert f"journalctl -u retouchml@{ME}" in raised.value.advice


def test_models_that_only_their_maker_could_read_are_opened_to_all_before_a_daemon_starts(
    load: Load, machine: Machine, tmp_path: Path
) -> None:
    model, elsewhere = machine.data / "models" / "m.safetensors", tmp_path / "elsewhere"
    for file in (model, elsewhere):
        file.touch(0o600)
    (machine.data / "models").chmod(0o700)
    (machine.data / "models" / "link").symlink_to(elsewhere)
    assert machine.install(load) == 0
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (model, model.parent, elsewhere)]
    assert list(map(oct, modes)) == ["0o644", "0o755", "0o600"]


def test_uninstall_takes_the_template_its_instances_and_their_caches(
    load: Load, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    template, link = machine.units / "retouchml@.service", machine.units / "x.target.wants"
    template.write_text(machine.system.quoted(str(machine.system.PYTHON)))
    link.mkdir()
    (link / f"retouchml@{ME}.service").symlink_to(template)
    (machine.caches / str(ME)).mkdir(parents=True)
    uninstall = load("install.actions.uninstall")
    monkeypatch.setattr(uninstall, "here", NoManager)
    monkeypatch.setattr(uninstall, "find", lambda: machine.folders)
    assert uninstall.run(argparse.Namespace(part="service", yes=True), load("install.console").Console()) == 0
    assert (template.exists(), list(link.iterdir()), machine.caches.exists()) == (False, [], False)
    assert "systemctl stop retouchml@*.service" in machine.calls


class NoManager:
    """A user without a service."""

    def file(self) -> Path:
        return Path("/nowhere/retouchml.service")
