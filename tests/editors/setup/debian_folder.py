"""A small Debian in a folder, made by debootstrap, with an editor that the machine's own one does not have.

Nothing but debootstrap is installed on the machine itself. The mirror, and the proxy to it, are those of the
machine's own apt.
"""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from install import processes
from install.checkout import LOG
from install.console import Console, Tick
from install.errors import InstallError
from retouchml.system.locks import exclusive
from retouchml.system.processes import redacted

_TOP = Path(os.environ.get("RETOUCHML_EDITORS") or "/var/tmp/retouchml-editors")

_APT_SETTINGS = 'Acquire::Languages "none";\nAPT::Install-Recommends "false";\nAPT::Sandbox::User "root";\n'
# neither fsync nor documentation, for a system that can be thrown away
_DPKG_SETTINGS = "force-unsafe-io\n" + "".join(
    f"path-exclude=/usr/share/{name}/*\n" for name in ("doc", "man", "help")
)
_NO_SERVICES = "#!/bin/sh\nexit 101\n"  # policy-rc.d: start no services

# /proc and /dev vanish with the namespace
_INSTALL = """
set -eu
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
chroot "$ROOT" apt-get update -qq
chroot "$ROOT" apt-get install -y -qq --no-install-recommends $PACKAGES
chroot "$ROOT" apt-get clean
"""


def make(name: str, suite: str, packages: Sequence[str], title: str, console: Console) -> Path:
    """The folder of that name with a suite of Debian and these packages; made first if need be.

    title: of what it is for. Raises InstallError.
    """
    _TOP.mkdir(parents=True, exist_ok=True)
    if _TOP.stat().st_uid != os.getuid():  # type: ignore[attr-defined, unused-ignore]  # not on Windows
        raise InstallError(
            f"{_TOP} belongs to somebody else.", "Choose another folder with RETOUCHML_EDITORS."
        )
    root, ready = _TOP / name, _TOP / name / ".ready"
    content = f"{suite} {' '.join(packages)}"
    with exclusive(_TOP / f".{name}.lock", lambda: console.say("Another set-up of it is at work; waiting.")):
        if not ready.is_file() or ready.read_text() != content:
            with console.step(f"{title} for tests, from Debian {suite}") as tick:
                mirrors = _mirrors()
                if not (root / ".base").exists():
                    _debootstrap(suite, root, mirrors[0], tick)
                _configure(root, suite, mirrors)
                environment = processes.environment(
                    ROOT=str(root),
                    PACKAGES=" ".join(packages),
                    DEBIAN_FRONTEND="noninteractive",
                    LC_ALL="C.UTF-8",
                )
                private = ["unshare", "--mount", "--propagation", "private"]
                _run([*private, "sh", "-c", _INSTALL], tick, environment)
                ready.write_text(content)
    return root


def _debootstrap(suite: str, root: Path, mirror: str, tick: Tick) -> None:
    if shutil.which("debootstrap") is None:
        quiet = processes.environment(DEBIAN_FRONTEND="noninteractive")
        _run(["apt-get", "update", "-qq"], tick, quiet)
        _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "debootstrap"], tick, quiet)
    if root.exists():
        shutil.rmtree(root)  # half made: it has no mark
    script = Path("/usr/share/debootstrap/scripts", suite)
    if not script.exists():  # a debootstrap that is older than the suite
        script = script.with_name("sid")
    _run(["debootstrap", "--variant=minbase", suite, root, mirror, script], tick)
    (root / ".base").touch()


def _configure(root: Path, suite: str, mirrors: Sequence[str]) -> None:
    dump = processes.run(["apt-config", "dump"], log=False).output
    settings = re.findall(
        r"^Acquire::(?:(?:https?|Check-|Retries|ForceIPv)\S*|\S+::Proxy) .*$", dump, re.MULTILINE
    )
    lines = "".join(f"{line}\n" for line in settings)
    sources = f"deb {mirrors[0]} {suite} main\n"
    sources += "".join(f"deb {security} {suite}-security main\n" for security in mirrors[1:])
    for place, content in (
        ("etc/apt/apt.conf.d/90host", lines + _APT_SETTINGS),
        ("etc/dpkg/dpkg.cfg.d/90small", _DPKG_SETTINGS),
        ("etc/apt/sources.list", sources),
        ("usr/sbin/policy-rc.d", _NO_SERVICES),
    ):
        (root / place).write_text(content)
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    for place in ("etc/resolv.conf", "etc/hosts"):
        shutil.copyfile(f"/{place}", root / place)


def _mirrors() -> list[str]:
    """Addresses of the machine's main archive, and of its security archive where there is one."""
    targets = ["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Identifier: Packages"]
    pairs = [
        line.split()
        for line in processes.run(targets, log=False).output.splitlines()
        if len(line.split()) == 2
    ]
    main = [
        uri
        for release, uri in pairs
        if not re.search("-(security|updates|backports)", release) and uri.rstrip("/").endswith("debian")
    ]
    if not main:
        raise InstallError(
            "apt knows no Debian archive on this machine.", "Add one to /etc/apt/sources.list."
        )
    return [main[0], *[uri for release, uri in pairs if release.endswith("-security")][:1]]


def _run(command: Sequence[str | Path], tick: Tick, environment: dict[str, str] | None = None) -> None:
    outcome = processes.run(command, tick, environment)
    if outcome.code != 0:
        raise InstallError(f"{command[0]} failed: {redacted(outcome.last_line)}", f"The log is {LOG}.")
