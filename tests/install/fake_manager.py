"""A stand-in for systemctl, launchctl and schtasks: records each call, and starts the service.

``python fake_manager.py COMMAND WORD...``. ``CALLS`` names the file for the notes, ``STATE`` a folder;
``FAIL`` holds words: a call with one of them fails.
"""

import os
import plistlib
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

STATE = Path(os.environ.get("STATE", "/nowhere"))
PID = STATE / "pid"


def main() -> int:
    command, *words = sys.argv[1:]
    with Path(os.environ["CALLS"]).open("a") as calls:
        print(command, *words, file=calls)
    if any(word in words for word in os.environ.get("FAIL", "").split()):
        print("Refused by whoever decides here.", file=sys.stderr)
        return 1
    return {"systemctl": systemctl, "systemd-run": lambda _: 1, "launchctl": launchctl, "schtasks": schtasks}[
        command
    ](words)


def systemctl(words: list[str]) -> int:
    action = words[1]
    enabled = STATE / "enabled"
    if action == "show":
        print("252.38-1")
    elif action in ("is-active", "is-enabled"):
        return 0 if (is_alive() if action == "is-active" else enabled.exists()) else 3
    elif action == "enable":
        enabled.touch()
    elif action == "restart":
        end()
        unit = (Path.home() / ".config" / "systemd" / "user" / words[2]).read_text()
        start(*systemd_would_run(unit))
    elif action in ("stop", "disable"):
        end()
    if action == "disable":
        enabled.unlink(missing_ok=True)
    return 0


def systemd_would_run(unit: str) -> tuple[list[str], dict[str, str]]:
    """Command and environment of a user's unit, read as systemd reads it."""
    environment = {name: os.environ[name] for name in ("HOME", "PATH")}
    command: list[str] = []
    for line in unit.splitlines():
        name, _, value = line.partition("=")
        value = value.replace("%%", "%")
        if name == "ExecStart":
            command = shlex.split(value.removeprefix(":"))
        elif name == "Environment":
            environment |= dict(word.split("=", 1) for word in shlex.split(value))
    return command, environment


def launchctl(words: list[str]) -> int:
    if words[0] == "print":
        return 0 if is_alive() else 113
    if words[0] == "bootout":
        end()
    if words[0] == "bootstrap":
        agent = plistlib.loads(Path(words[2]).read_bytes())
        start(agent["ProgramArguments"], {**os.environ, **agent["EnvironmentVariables"]})
    return 0


def schtasks(words: list[str]) -> int:
    task = STATE / "task.xml"
    if words[0] == "/Query":
        return 0 if task.exists() else 1
    if words[0] == "/Create":
        task.write_bytes(Path(words[words.index("/XML") + 1]).read_bytes())
    elif words[0] == "/Run":
        arguments = ElementTree.fromstring(task.read_bytes()).findtext(".//{*}Exec/{*}Arguments") or ""
        program = arguments.removeprefix('-I -c "').removesuffix('"')
        start([sys.executable, "-I", "-c", program], dict(os.environ))
    elif words[0] == "/End":
        end()
    elif words[0] == "/Delete":
        task.unlink()
    return 0


def start(command: list[str], environment: dict[str, str]) -> None:
    with (STATE / "output").open("ab") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    PID.write_text(str(process.pid))


def is_alive() -> bool:
    with suppress(OSError, IndexError):
        return Path(f"/proc/{PID.read_text()}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def end() -> None:
    while is_alive():
        os.kill(int(PID.read_text()), signal.SIGTERM)
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
