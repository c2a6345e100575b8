"""systemd's unit files: systemd's own verdict, escaping, and what depends on options and versions."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from install.errors import InstallError
from install.service.plan import Service
from install.service.systemd_unit import for_system, for_user, version_in
from tests.install.service.conftest import AWKWARD

needs_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def values(unit: str, name: str) -> list[str]:
    """The values of all lines of that name."""
    return [line.partition("=")[2] for line in unit.splitlines() if line.startswith(f"{name}=")]


def installed_version() -> int:
    """The version of this machine's systemd."""
    output = subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True).stdout
    number = re.search(r"\d+", output)
    assert number is not None, output
    return int(number[0])


@needs_analyze
@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("sandbox", [False, True])
@pytest.mark.parametrize("has_home", [False, True])
@pytest.mark.parametrize("name", ["plain", AWKWARD, 'it\'s "quoted" and \\'])
def test_systemd_finds_nothing_wrong_with_the_users_unit(
    service: Service, tmp_path: Path, name: str, has_home: bool, sandbox: bool, tcp: bool
) -> None:
    python = tmp_path / name / "python"
    python.parent.mkdir(exist_ok=True)
    python.symlink_to(sys.executable)
    changed = replace(service, python=python, tcp=tcp, home=service.home if has_home else None)
    unit = tmp_path / "retouchml.service"
    unit.write_text(for_user(changed, version=installed_version(), sandbox=sandbox))
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
    service: Service, tmp_path: Path, tcp: bool, most: float
) -> None:
    unit = tmp_path / "retouchml@1000.service"
    unit.write_text(for_system(replace(service, tcp=tcp), Path("/opt/x y"), version=installed_version()))
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    scored = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True, text=True
    )
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", scored.stdout)
    assert exposure is not None, scored.stdout + scored.stderr
    assert float(exposure[1]) <= most + 0.3  # newer versions look at more


@pytest.mark.parametrize(
    ("text", "number"), [("252.38-1~deb12u1", 252), ("v255.4", 255), ("256", 256), ("", 0), ("rc", 0)]
)
def test_systemds_version_is_read_however_it_is_written(text: str, number: int) -> None:
    assert version_in(text) == number


def test_growing_delays_are_left_out_for_a_systemd_that_does_not_know_them(service: Service) -> None:
    old, new = (for_user(service, version=version, sandbox=True) for version in (253, 254))
    assert (values(old, "RestartSec"), values(old, "RestartSteps")) == (["30"], [])
    assert (values(new, "RestartSec"), values(new, "RestartSteps")) == (["2"], ["6"])


def test_nothing_that_cuda_needs_is_forbidden(service: Service) -> None:
    of_user = for_user(service, version=254, sandbox=True)
    of_system = for_system(service, Path("/opt/x"), version=254)
    for text in (of_user, of_system):
        for name in ("MemoryDenyWriteExecute", "LimitAS", "ProcSubset", "PrivateDevices"):
            assert values(text, name) == []
        assert "LD_LIBRARY_PATH" in values(text, "UnsetEnvironment")[0].split()


def test_the_network_is_open_only_with_tcp(service: Service) -> None:
    for tcp, expected in ((False, {"AF_UNIX"}), (True, {"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK"})):
        with_tcp = replace(service, tcp=tcp)
        of_user = for_user(with_tcp, version=254, sandbox=True)
        of_system = for_system(with_tcp, Path("/opt/x"), version=254)
        for text in (of_user, of_system):
            (families,) = values(text, "RestrictAddressFamilies")
            assert set(families.split()) == expected
        assert values(of_system, "PrivateNetwork") == ([] if tcp else ["yes"])


@pytest.mark.skipif(sys.platform == "win32", reason="compares paths of systemd's system")
def test_folders_are_protected_if_the_users_manager_can_and_the_services_own_stay_writable(
    service: Service,
) -> None:
    assert values(for_user(service, version=254, sandbox=False), "ProtectSystem") == []
    text = for_user(service, version=254, sandbox=True)
    assert (values(text, "ProtectSystem"), values(text, "ProtectHome")) == (["strict"], ["read-only"])
    run, cache = (str(folder).replace("%", "%%") for folder in service.folders)
    assert values(text, "ReadWritePaths")[-2:] == [f'"{run}"', f'"{cache}"']


def test_tmp_is_private_unless_the_service_uses_something_in_it(service: Service) -> None:
    elsewhere = replace(service, python=Path("/opt/python"), folders=(Path("/srv/cache"),))
    assert values(for_user(elsewhere, version=254, sandbox=True), "PrivateTmp") == ["yes"]
    for inside in (
        replace(elsewhere, folders=(Path("/tmp/cache"),)),
        replace(elsewhere, python=Path("/var/tmp/checkout/.venv/bin/python")),
    ):
        text = for_user(inside, version=254, sandbox=True)
        assert values(text, "PrivateTmp") == []
        assert values(text, "ReadWritePaths")[0] == "/tmp"


def test_without_retouchml_home_systemd_makes_the_sockets_folder_and_the_sandbox_lets_it_be_written(
    service: Service,
) -> None:
    names = ("RuntimeDirectory", "RuntimeDirectoryMode", "TemporaryFileSystem", "BindPaths")
    without_home = replace(service, home=None)
    # else ProtectSystem=strict has the daemon find XDG_RUNTIME_DIR read-only, and listen in the cache
    for changed, sandbox, expected in (
        (without_home, True, [["retouchml"], ["0700"], ["%t:mode=0700"], ["%t/retouchml"]]),
        (without_home, False, [["retouchml"], ["0700"], [], []]),
        (service, True, [[], [], [], []]),
        (service, False, [[], [], [], []]),
    ):
        text = for_user(changed, version=257, sandbox=sandbox)
        assert [values(text, name) for name in names] == expected


def test_a_daemon_of_the_template_comes_back_with_the_sockets_folder_that_a_log_out_removed(
    service: Service,
) -> None:
    (wanted_by,) = values(for_system(service, Path("/opt/x"), version=257), "WantedBy")
    assert set(wanted_by.split()) == {"multi-user.target", "user-runtime-dir@%i.service"}


@pytest.mark.skipif(sys.platform == "win32", reason="compares paths of systemd's system")
def test_an_interpreter_that_systemd_refuses_is_run_by_env_or_refused_by_name(service: Service) -> None:
    quoted = replace(service, python=Path('/a "b" \\c/python'))
    (command,) = values(for_user(quoted, version=254, sandbox=False), "ExecStart")
    assert command.startswith(':"/usr/bin/env" "/a \\"b\\" \\\\c/python" "-m"')
    with_sign = replace(service, python=Path("/a=b/python"))
    (command,) = values(for_user(with_sign, version=254, sandbox=False), "ExecStart")
    assert command.startswith(':"/a=b/python"')
    with pytest.raises(InstallError, match="cannot start"):
        for_user(replace(service, python=Path("/a='b'/python")), version=254, sandbox=False)
