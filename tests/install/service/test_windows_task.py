"""Windows' task: the schema's rules, limits that would stop the daemon, and the program that it runs."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from install.errors import InstallError
from install.service.plan import Service
from install.service.windows_task import WindowsTask

TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
# elements of settingsType in the Task Scheduler Schema that the task uses
SETTINGS = {
    *("MultipleInstancesPolicy", "DisallowStartIfOnBatteries", "StopIfGoingOnBatteries", "Hidden"),
    *("ExecutionTimeLimit", "Priority", "RestartOnFailure"),
}


@pytest.fixture
def task(service: Service, monkeypatch: pytest.MonkeyPatch) -> ElementTree.Element:
    """The task of a user with letters that XML and Windows treat differently."""
    monkeypatch.setenv("USERDOMAIN", "STUDIO & CO")
    monkeypatch.setenv("USERNAME", "Änne")
    changed = replace(service, python=Path("/a 100% $x é/python.exe"))
    content = WindowsTask().content(changed)
    assert content.startswith(b"\xff\xfe")  # schtasks reads little-endian UTF-16
    assert content.decode("utf-16").splitlines()[0].lower() == "<?xml version='1.0' encoding='utf-16'?>"
    return ElementTree.fromstring(content)


def text(task: ElementTree.Element, *names: str) -> str | None:
    return task.findtext("/".join(f"{TASK}{name}" for name in names))


def children(task: ElementTree.Element, path: str) -> list[str]:
    (parent,) = task.findall(path.replace("/", f"/{TASK}"))
    return [child.tag.removeprefix(TASK) for child in parent]


def test_the_task_runs_with_the_users_own_rights_and_without_limits_that_would_stop_it(
    task: ElementTree.Element,
) -> None:
    assert text(task, "Triggers", "LogonTrigger", "UserId") == "STUDIO & CO\\Änne"
    assert text(task, "Principals", "Principal", "LogonType") == "InteractiveToken"
    assert text(task, "Principals", "Principal", "RunLevel") == "LeastPrivilege"
    assert text(task, "Settings", "ExecutionTimeLimit") == "PT0S"
    assert text(task, "Settings", "StopIfGoingOnBatteries") == "false"
    assert text(task, "Settings", "DisallowStartIfOnBatteries") == "false"
    assert text(task, "Settings", "Priority") in ("4", "5", "6")  # these alone are normal
    assert text(task, "Settings", "RestartOnFailure", "Count") == "255"  # an unsigned byte
    assert text(task, "Actions", "Exec", "Command") == str(Path("/a 100% $x é/pythonw.exe"))


def test_the_tasks_elements_are_in_the_order_of_the_schema(task: ElementTree.Element) -> None:
    assert (task.tag, task.get("version")) == (f"{TASK}Task", "1.4")
    assert children(task, ".") == ["RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"]
    # Settings, Principal and RestartOnFailure may have any order; these two may not
    assert children(task, "./Triggers/LogonTrigger") == ["Enabled", "UserId"]
    assert children(task, "./Actions/Exec") == ["Command", "Arguments"]
    assert set(children(task, "./Settings")) == SETTINGS
    (principal,) = task.findall(f"{TASK}Principals/{TASK}Principal")
    (actions,) = task.findall(f"{TASK}Actions")
    assert principal.get("id") == actions.get("Context")


def test_the_tasks_program_sets_the_environment_and_has_nothing_that_windows_would_replace(
    service: Service, task: ElementTree.Element, tmp_path: Path
) -> None:
    arguments = text(task, "Actions", "Exec", "Arguments")
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
    # -I leaves out the folder of "daemon", so it is put back
    result = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {program}"],
        env={"LD_LIBRARY_PATH": "/elsewhere", "PYTHONHOME": "/nowhere"},
        capture_output=True,
        text=True,
    )
    expected = ["__main__", ["--service"], str(service.home), None, None]
    assert (result.stderr, json.loads(result.stdout)) == ("", expected)


@pytest.mark.parametrize("python", ["C:/%TEMP%/python.exe", "C:/$(Arg0)/python.exe"])
def test_a_path_that_windows_would_change_is_refused(service: Service, python: str) -> None:
    with pytest.raises(InstallError, match="would replace"):
        WindowsTask().content(replace(service, python=Path(python)))
