"""The findings of ``retouchml doctor`` as one block for a bug report: in English, without private paths."""

import getpass
import os
import platform
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from retouchml import __version__
from retouchml.cli.doctor_checks import Finding

_FENCE = "```"


def block(findings: Sequence[Finding]) -> list[str]:
    """Its lines: version and system, then each finding; what is as it should be, in short."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    lines = [
        _FENCE,
        f"RetouchML {__version__}, Python {platform.python_version()}, {system}{_distribution()}",
    ]
    for finding in findings:
        mark = "ok" if finding.ok else "MISSING" if finding.needed else "check"
        lines.append(f"{mark:7} {finding.topic}: {finding.name}: {finding.state}")
    return [*without_private(lines), _FENCE]


def without_private(lines: Iterable[str]) -> list[str]:
    """The lines with ~ for the user's home folder, and USER for their name in other paths."""
    homes = {str(Path.home()), str(Path.home().resolve()), os.environ.get("HOME", "")}
    homes = {home for home in homes if len(Path(home).parts) > 1}
    patterns = [
        (re.compile(rf"{re.escape(home)}(?=[/\\\s,:;.`]|$)"), "~")
        for home in sorted(homes, key=len, reverse=True)
    ]
    if name := _user():
        patterns.append((re.compile(rf"(?<=[/\\]){re.escape(name)}(?=[/\\\s,:;.`]|$)"), "USER"))
    shown = list(lines)
    for pattern, word in patterns:
        shown = [pattern.sub(word, line) for line in shown]
    return shown


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _distribution() -> str:
    if not sys.platform.startswith("linux"):
        return ""
    try:
        return f", {platform.freedesktop_os_release()['PRETTY_NAME']}"
    except (OSError, KeyError):
        return ""
