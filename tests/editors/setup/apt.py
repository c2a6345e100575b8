"""Debian's packages on this machine, as root."""

from collections.abc import Sequence

from install import processes
from install.checkout import LOG
from install.console import Console
from install.errors import InstallError
from retouchml.system.processes import redacted

_APT = ("apt-get", "-o", "DPkg::Lock::Timeout=300")  # another set-up may be at work


def install(packages: Sequence[str], title: str, console: Console) -> None:
    """Install what is missing. Raises InstallError. title: for people"""
    missing = [name for name in packages if not _is_installed(name)]
    if not missing:
        return
    with console.step(title) as tick:
        quiet = processes.environment(DEBIAN_FRONTEND="noninteractive")
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing]):
            outcome = processes.run([*_APT, *command], tick, quiet)
            if outcome.code != 0:
                raise InstallError(f"apt-get failed: {redacted(outcome.last_line)}", f"The log is {LOG}.")


def _is_installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat", "${db:Status-Status}", package]
    return processes.run(query, log=False).output.strip() == "installed"
