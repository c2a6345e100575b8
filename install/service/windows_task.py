"""The service on Windows: a scheduled task that runs when the user logs on.

Its format is Microsoft's Task Scheduler Schema, version 1.4.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

from install import processes
from install.data_folders import default_folders
from install.errors import InstallError
from install.service.plan import Service
from retouchml.system.processes import FOREIGN_VARIABLES

TASK = "RetouchML"
SCHEMA = "http://schemas.microsoft.com/windows/2004/02/mit/task"

# of 0 to 10; the scheduler's default, 7, would lower the priority of processor, disk and memory
NORMAL = 5

# the scheduler replaces these in paths: variables, and arguments of its own
_EXPANDED = re.compile(r"%[^%]+%|\$\(Arg\d+\)")


class WindowsTask:
    """Windows' Task Scheduler, as a ``manager.Manager``."""

    logs = "retouchml daemon logs"
    stop_command = f"schtasks /End /TN {TASK}"

    def file(self) -> Path:
        """The task as XML; the scheduler keeps a copy of its own."""
        return default_folders().data / "service.xml"

    def check(self) -> None:
        """Raises InstallError if there is no scheduler."""
        if shutil.which("schtasks") is None:
            raise InstallError(
                "There is no schtasks here, so nothing can be started on logon.", "Check PATH."
            )

    def note(self) -> str:
        """Nothing that the user should know."""
        return ""

    def content(self, service: Service) -> bytes:
        """The task. Raises InstallError for a path that the scheduler would change."""
        # pythonw opens no console window
        python = str(service.python.with_name("pythonw.exe"))
        if _EXPANDED.search(python):
            raise InstallError(
                f"Windows would replace a part of {python}.", "Move the checkout to a path without % and $(."
            )
        ElementTree.register_namespace("", SCHEMA)
        task = ElementTree.Element(f"{{{SCHEMA}}}Task", version="1.4")
        user = _user()
        # in the schema's order, where that has one: in triggers and actions
        _add(
            task,
            {
                "RegistrationInfo": {"Description": "RetouchML, which retouches faces for image editors"},
                "Triggers": {"LogonTrigger": {"Enabled": "true", "UserId": user}},
                "Principals": {
                    "Principal": {
                        "UserId": user,
                        "LogonType": "InteractiveToken",
                        "RunLevel": "LeastPrivilege",
                    }
                },
                "Settings": {
                    "MultipleInstancesPolicy": "IgnoreNew",
                    "DisallowStartIfOnBatteries": "false",
                    "StopIfGoingOnBatteries": "false",
                    "Hidden": "true",
                    "ExecutionTimeLimit": "PT0S",
                    "Priority": NORMAL,
                    "RestartOnFailure": {"Interval": "PT1M", "Count": "255"},
                },
                "Actions": {
                    "Exec": {
                        "Command": python,
                        "Arguments": subprocess.list2cmdline(["-I", "-c", _program(service)]),
                    }
                },
            },
        )
        # the actions run as this principal
        for path, name in (("Principals/*", "id"), ("Actions", "Context")):
            for element in task.iterfind(path, {"": SCHEMA}):
                element.set(name, "Author")
        content: bytes = ElementTree.tostring(task, encoding="utf-16", xml_declaration=True)
        return content

    def is_running(self) -> bool:
        """Whether the scheduler knows the task."""
        return _schtasks("/Query").code == 0

    def start(self) -> None:
        """Register the task, and run it. Raises InstallError."""
        for words in (("/Create", "/XML", str(self.file()), "/F"), ("/Run",)):
            outcome = _schtasks(*words)
            if outcome.code != 0:
                raise InstallError(
                    f"`schtasks {words[0]}` failed: {outcome.last_line}",
                    "A policy of this machine may forbid tasks; editors start the daemon all the same.",
                )

    def remove(self) -> None:
        """End the task and unregister it."""
        if shutil.which("schtasks"):
            _schtasks("/End")
            _schtasks("/Delete", "/F")
        self.file().unlink(missing_ok=True)


def _program(service: Service) -> str:
    """The Python program to run. It sets the environment, since a task cannot.

    It contains no %, no $ and ASCII only.
    """
    return (
        "import os, runpy, sys; "
        f"[os.environ.pop(name, None) for name in {_literal(list(FOREIGN_VARIABLES))}]; "
        f"os.environ.update({_literal(service.environment)}); "
        f"sys.argv[1:] = {_literal(list(service.arguments[2:]))}; "
        f"runpy.run_module({_literal(service.arguments[1])}, run_name='__main__', alter_sys=True)"
    )


def _literal(value: object) -> str:
    return ascii(value).replace("%", "\\x25").replace("$", "\\x24")


def _user() -> str:
    name, domain = os.environ.get("USERNAME", ""), os.environ.get("USERDOMAIN", "")
    return f"{domain}\\{name}" if domain else name


def _add(parent: ElementTree.Element, children: dict[str, object]) -> None:
    for name, content in children.items():
        element = ElementTree.SubElement(parent, f"{{{SCHEMA}}}{name}")
        if isinstance(content, dict):
            _add(element, content)
        else:
            element.text = str(content)


def _schtasks(*words: str) -> processes.Outcome:
    return processes.run(["schtasks", words[0], "/TN", TASK, *words[1:]], log=False)
