"""What the service's descriptions say: systemd's unit files, launchd's property list, Windows' task."""

import argparse
import json
import plistlib
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from daemon import options
from tests.install.modules import Load

AWKWARD = "a $HOME ${X} 100% %h é [x]"
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
SETTINGS = {  # settingsType of the Task Scheduler Schema
    "AllowHardTerminate",
    "AllowStartOnDemand",
    "DeleteExpiredTaskAfter",
    "DisallowStartIfOnBatteries",
    "DisallowStartOnRemoteAppSession",
    "Enabled",
    "ExecutionTimeLimit",
    "Hidden",
    "IdleSettings",
    "MaintenanceSettings",
    "MultipleInstancesPolicy",
    "NetworkProfileName",
    "NetworkSettings",
    "Priority",
    "RestartOnFailure",
    "RunOnlyIfIdle",
    "RunOnlyIfNetworkAvailable",
    "StartWhenAvailable",
    "StopIfGoingOnBatteries",
    "UnifiedSchedulingEngine",
    "UseUnifiedSchedulingEngine",
    "Volatile",
    "WakeToRun",
}

needs_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


@pytest.fixture
def service(load: Load, tmp_path: Path) -> Any:
    """A service in a folder with an awkward name, whose interpreter can be executed."""
    python = tmp_path / AWKWARD / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    home = tmp_path / AWKWARD
    return load("install.service.plan").Service(
        python,
        ("-m", "daemon", "--service"),
        {"RETOUCHML_HOME": str(home), "PYTHONSAFEPATH": "1"},
        (home / "run", home / "cache"),
        home=home,
    )


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    return parser.parse_args(words)


def value_of(unit: str, name: str) -> list[str]:
    return [line.partition("=")[2] for line in unit.splitlines() if line.startswith(f"{name}=")]


# ---- what is run


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, options.Options(service=True)),
        ({"device": "cpu", "keep_alive": -1.0}, options.Options(device="cpu", keep_alive=-60, service=True)),
        ({"tcp": "127.0.0.1:5555"}, options.Options(tcp="127.0.0.1:5555", service=True)),
    ],
)
def test_the_daemon_understands_what_the_service_tells_it_and_never_leaves_by_itself(
    load: Load, given: dict[str, Any], expected: options.Options
) -> None:
    chosen = argparse.Namespace(**{"device": None, "keep_alive": None, "tcp": None, **given})
    module, name, *rest = load("install.service.plan").daemon_arguments(chosen)
    assert (module, name) == ("-m", "daemon")
    understood = options.from_arguments(parsed(*rest))
    assert understood == expected
    assert understood.idle_exit is None


# ---- systemd


@needs_analyze
@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("sandbox", [False, True])
@pytest.mark.parametrize("has_home", [False, True])
@pytest.mark.parametrize("name", ["plain", AWKWARD, 'it\'s "quoted" and \\'])
def test_systemd_finds_nothing_wrong_with_the_users_unit(
    load: Load, service: Any, tmp_path: Path, name: str, has_home: bool, sandbox: bool, tcp: bool
) -> None:
    python = tmp_path / name / "python"
    python.parent.mkdir(exist_ok=True)
    python.symlink_to(sys.executable)
    here = replace(service, python=python, tcp=tcp, home=service.home if has_home else None)
    unit = tmp_path / "retouchml.service"
    unit.write_text(load("install.service.systemd_unit").for_user(here, version=version(), sandbox=sandbox))
    result = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", unit],
        env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@needs_analyze
@pytest.mark.parametrize(("tcp", "most"), [(False, 0.7), (True, 1.6)])
def test_the_template_for_all_users_is_valid_and_hardened(
    load: Load, service: Any, tmp_path: Path, tcp: bool, most: float
) -> None:
    text = load("install.service.systemd_unit").for_system(
        replace(service, tcp=tcp), Path("/opt/x y"), version=version()
    )
    unit = tmp_path / "retouchml@1000.service"
    unit.write_text(text)
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    scored = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True, text=True
    )
    found = re.search(r"exposure level for \S+: ([\d.]+)", scored.stdout)
    assert found is not None, scored.stdout + scored.stderr
    assert float(found[1]) <= most + 0.3  # newer versions look at more


def version() -> int:
    """Of the systemd that is here."""
    said = subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True).stdout
    number = re.search(r"\d+", said)
    assert number is not None, said
    return int(number[0])


@pytest.mark.parametrize(
    ("said", "number"), [("252.38-1~deb12u1", 252), ("v255.4", 255), ("256", 256), ("", 0), ("rc", 0)]
)
def test_systemds_version_is_read_however_it_is_written(load: Load, said: str, number: int) -> None:
    assert load("install.service.systemd_unit").version_in(said) == number


def test_only_a_systemd_that_knows_growing_delays_is_told_of_them(load: Load, service: Any) -> None:
    render = load("install.service.systemd_unit").for_user
    old, new = (render(service, version=version, sandbox=True) for version in (253, 254))
    assert (value_of(old, "RestartSec"), value_of(old, "RestartSteps")) == (["30"], [])
    assert (value_of(new, "RestartSec"), value_of(new, "RestartSteps")) == (["2"], ["6"])


def test_nothing_that_cuda_needs_is_forbidden(load: Load, service: Any) -> None:
    unit = load("install.service.systemd_unit")
    for text in (
        unit.for_user(service, version=254, sandbox=True),
        unit.for_system(service, Path("/opt/x"), version=254),
    ):
        for name in ("MemoryDenyWriteExecute", "LimitAS", "ProcSubset", "PrivateDevices"):
            assert value_of(text, name) == []
        assert "LD_LIBRARY_PATH" in value_of(text, "UnsetEnvironment")[0].split()


def test_the_network_is_open_only_where_tcp_was_asked_for(load: Load, service: Any) -> None:
    unit = load("install.service.systemd_unit")
    for tcp, expected in ((False, {"AF_UNIX"}), (True, {"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK"})):
        with_tcp = replace(service, tcp=tcp)
        of_user = unit.for_user(with_tcp, version=254, sandbox=True)
        of_system = unit.for_system(with_tcp, Path("/opt/x"), version=254)
        for text in (of_user, of_system):
            (families,) = value_of(text, "RestrictAddressFamilies")
            assert set(families.split()) == expected
        assert value_of(of_system, "PrivateNetwork") == ([] if tcp else ["yes"])


@pytest.mark.skipif(sys.platform == "win32", reason="compares paths of systemd's system")
def test_folders_are_protected_only_where_the_users_manager_can(load: Load, service: Any) -> None:
    render = load("install.service.systemd_unit").for_user
    assert value_of(render(service, version=254, sandbox=False), "ProtectSystem") == []
    text = render(service, version=254, sandbox=True)
    assert (value_of(text, "ProtectSystem"), value_of(text, "ProtectHome")) == (["strict"], ["read-only"])
    run, cache = (str(folder).replace("%", "%%") for folder in service.folders)
    assert value_of(text, "ReadWritePaths")[-2:] == [f'"{run}"', f'"{cache}"']


def test_tmp_is_private_unless_something_of_ours_lies_in_it(load: Load, service: Any) -> None:
    render = load("install.service.systemd_unit").for_user
    elsewhere = replace(service, python=Path("/opt/python"), folders=(Path("/srv/cache"),))
    assert value_of(render(elsewhere, version=254, sandbox=True), "PrivateTmp") == ["yes"]
    for inside in (
        replace(elsewhere, folders=(Path("/tmp/cache"),)),
        replace(elsewhere, python=Path("/var/tmp/checkout/.venv/bin/python")),
    ):
        text = render(inside, version=254, sandbox=True)
        assert value_of(text, "PrivateTmp") == []
        assert value_of(text, "ReadWritePaths")[0] == "/tmp"


def test_the_socket_has_a_folder_of_systemds_unless_retouchml_home_names_one(
    load: Load, service: Any
) -> None:
    render = load("install.service.systemd_unit").for_user
    assert value_of(render(service, version=254, sandbox=False), "RuntimeDirectory") == []
    usual = render(replace(service, home=None), version=254, sandbox=False)
    assert value_of(usual, "RuntimeDirectory") == ["retouchml"]
    assert value_of(usual, "RuntimeDirectoryMode") == ["0700"]


def test_in_the_sandbox_the_sockets_folder_lies_in_a_runtime_folder_that_can_be_written_and_holds_no_bus(
    load: Load, service: Any
) -> None:
    render = load("install.service.systemd_unit").for_user
    names = ("TemporaryFileSystem", "BindPaths")
    usual = render(replace(service, home=None), version=257, sandbox=True)
    # else ProtectSystem=strict has the daemon find XDG_RUNTIME_DIR read-only, and listen in the cache
    assert [value_of(usual, name) for name in names] == [["%t:mode=0700"], ["%t/retouchml"]]
    without = render(replace(service, home=None), version=257, sandbox=False)
    elsewhere = render(service, version=257, sandbox=True)
    for text in (without, elsewhere):
        assert [value_of(text, name) for name in names] == [[], []]


def test_a_daemon_of_the_template_comes_back_with_the_sockets_folder_that_a_log_out_took_away(
    load: Load, service: Any
) -> None:
    text = load("install.service.systemd_unit").for_system(service, Path("/opt/x"), version=257)
    (wanted,) = value_of(text, "WantedBy")
    assert set(wanted.split()) == {"multi-user.target", "user-runtime-dir@%i.service"}


@pytest.mark.skipif(sys.platform == "win32", reason="compares paths of systemd's system")
def test_an_interpreter_that_systemd_refuses_is_run_by_env_or_refused_by_name(
    load: Load, service: Any
) -> None:
    unit, problem = load("install.service.systemd_unit"), load("install.problem")
    quoted = replace(service, python=Path('/a "b" \\c/python'))
    (command,) = value_of(unit.for_user(quoted, version=254, sandbox=False), "ExecStart")
    assert command.startswith(':"/usr/bin/env" "/a \\"b\\" \\\\c/python" "-m"')
    with_sign = replace(service, python=Path("/a=b/python"))
    (command,) = value_of(unit.for_user(with_sign, version=254, sandbox=False), "ExecStart")
    assert command.startswith(':"/a=b/python"')
    with pytest.raises(problem.Problem, match="cannot start"):
        unit.for_user(replace(service, python=Path("/a='b'/python")), version=254, sandbox=False)


def test_a_service_for_all_users_may_not_lie_where_it_cannot_see_itself(load: Load) -> None:
    system, problem = load("install.service.systemd_system"), load("install.problem")
    system.check_visible(Path("/opt/retouchml"), Path("/usr/share/retouchml"))
    for hidden in ("/home/anna/retouchml", "/root/x", "/run/user/1000", "/tmp/x"):
        with pytest.raises(problem.Problem, match="must not see"):
            system.check_visible(Path("/opt/retouchml"), Path(hidden))


def test_several_users_share_a_data_folder_but_no_retouchml_home(load: Load) -> None:
    system, folders, problem = (
        load("install.service.systemd_system"),
        load("install.data_folders").Folders,
        load("install.problem"),
    )
    here = Path("/opt")
    assert system.shared_data(folders(here, here / "x" / "retouchml", here)) == here / "x"
    with pytest.raises(problem.Problem, match="several cannot share"):
        system.shared_data(folders(here, here / "home" / "data", here))


# ---- launchd


def test_the_agent_starts_on_login_restarts_after_a_crash_and_has_its_own_environment(
    load: Load, service: Any
) -> None:
    agent = plistlib.loads(load("install.service.launchd_agent").LaunchdAgent().content(service))
    words = agent["ProgramArguments"]
    start = words.index(str(service.python))
    assert words[0] == "/usr/bin/env"
    assert words[start + 1 :] == ["-m", "daemon", "--service"]
    unset = words[1:start]
    assert set(unset[0::2]) == {"-u"}
    assert {"PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} <= set(unset[1::2])
    assert agent["EnvironmentVariables"] == service.environment
    assert agent["RunAtLoad"] is True
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert agent["Umask"] == 0o077


# ---- Windows


def task(load: Load, service: Any, monkeypatch: pytest.MonkeyPatch) -> ElementTree.Element:
    monkeypatch.setenv("USERDOMAIN", "STUDIO & CO")
    monkeypatch.setenv("USERNAME", "Änne")
    there = replace(service, python=Path("/a 100% $x é/python.exe"))
    return ElementTree.fromstring(load("install.service.windows_task").WindowsTask().content(there))


def test_the_task_runs_at_the_users_logon_without_limits_that_would_end_it(
    load: Load, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = task(load, service, monkeypatch)
    assert root.tag == f"{TASK}Task"

    def text(*names: str) -> str | None:
        return root.findtext("/".join(f"{TASK}{name}" for name in names))

    assert text("Triggers", "LogonTrigger", "UserId") == "STUDIO & CO\\Änne"
    assert text("Principals", "Principal", "LogonType") == "InteractiveToken"
    assert text("Principals", "Principal", "RunLevel") == "LeastPrivilege"
    assert text("Settings", "ExecutionTimeLimit") == "PT0S"
    assert text("Settings", "StopIfGoingOnBatteries") == "false"
    assert text("Settings", "MultipleInstancesPolicy") == "IgnoreNew"
    assert text("Settings", "DisallowStartIfOnBatteries") == "false"
    assert text("Settings", "Hidden") == "true"
    assert text("Settings", "Priority") in ("4", "5", "6")  # these alone are normal
    assert text("Settings", "RestartOnFailure", "Interval") == "PT1M"
    assert text("Settings", "RestartOnFailure", "Count") == "255"  # an unsigned byte
    assert text("Actions", "Exec", "Command") == str(Path("/a 100% $x é/pythonw.exe"))


def test_the_task_has_its_elements_where_and_as_the_schema_wants_them(
    load: Load, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = task(load, service, monkeypatch)

    def names(path: str) -> list[str]:
        (parent,) = root.findall(path.replace("/", f"/{TASK}"))
        return [child.tag.removeprefix(TASK) for child in parent]

    assert root.get("version") == "1.4"
    assert names(".") == ["RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"]
    assert names("./Triggers") == ["LogonTrigger"]
    # taskSettings, principal and restart may be in any order; these two may not
    assert names("./Triggers/LogonTrigger") == ["Enabled", "UserId"]
    assert names("./Actions/Exec") == ["Command", "Arguments"]
    assert set(names("./Settings")) <= SETTINGS
    (principal,) = root.findall(f"{TASK}Principals/{TASK}Principal")
    (actions,) = root.findall(f"{TASK}Actions")
    assert principal.get("id") == actions.get("Context")


def test_the_task_is_written_as_schtasks_reads_it(load: Load, service: Any) -> None:
    content = (
        load("install.service.windows_task")
        .WindowsTask()
        .content(replace(service, python=Path("/é/python.exe")))
    )
    assert content.startswith(b"\xff\xfe")  # little-endian, as the mark says
    assert content.decode("utf-16").splitlines()[0].lower() == "<?xml version='1.0' encoding='utf-16'?>"


def test_the_tasks_program_sets_the_environment_and_leaves_nothing_for_windows_to_replace(
    load: Load, service: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = task(load, service, monkeypatch)
    arguments = root.findtext(f"{TASK}Actions/{TASK}Exec/{TASK}Arguments")
    assert arguments is not None
    assert not set("%$") & set(arguments)
    assert arguments.isascii()
    assert arguments.startswith('-I -c "')
    program = arguments.removeprefix('-I -c "').removesuffix('"').replace('\\"', '"')
    (tmp_path / "daemon.py").write_text(
        "import json, os, sys\n"
        "names = ('RETOUCHML_HOME', 'PYTHONHOME', 'LD_LIBRARY_PATH')\n"
        "print(json.dumps([__name__, sys.argv[1:], *map(os.environ.get, names)]))\n"
    )
    # -I leaves the folder of "daemon" here out, so it is put back
    ran = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {program}"],
        env={"LD_LIBRARY_PATH": "/elsewhere", "PYTHONHOME": "/nowhere"},
        capture_output=True,
        text=True,
    )
    expected = ["__main__", ["--service"], str(service.home), None, None]
    assert (ran.stderr, json.loads(ran.stdout)) == ("", expected)


def test_a_path_that_windows_would_change_is_refused(load: Load, service: Any) -> None:
    windows, problem = load("install.service.windows_task").WindowsTask(), load("install.problem")
    for path in ("C:/%TEMP%/python.exe", "C:/$(Arg0)/python.exe"):
        with pytest.raises(problem.Problem, match="would replace"):
            windows.content(replace(service, python=Path(path)))
