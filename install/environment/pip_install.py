"""Runs pip in a virtual environment, and explains its failures in a sentence."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from install import processes
from install.checkout import LOG, PYTHON, VENV
from install.console import Tick
from install.errors import InstallError

_NETWORK = (
    "Check the network and pip's settings for index and proxy (`pip config list`), then run this again."
)


@dataclass(frozen=True)
class Explanation:
    """A sentence for pip's output.

    pattern:  of the output; its groups fill the sentence
    harmless: whether pip gives up in this case before it has changed anything that is installed
    missing:  whether the index has no such package
    """

    pattern: str
    sentence: str
    advice: str
    harmless: bool = True
    missing: bool = False


# The first that matches counts: pip prints "no matching distribution" after every network failure as well.
_EXPLANATIONS = (
    Explanation(
        r"no space left|disk quota exceeded|errno (28|122)\b|not enough space",
        "The disk is full.",
        "Free some space, then run this again.",
        harmless=False,
    ),
    Explanation(
        r"from versions: \d[^\n]*\n[^\n]*no matching distribution found for (?P<package>\S+)",
        "The package index has no {package} for this Python and this system.",
        "Use another Python, or tell pip of another index.",
        missing=True,
    ),
    Explanation(
        r"ResolutionImpossible|conflicting dependencies",
        "pip's constraints, or its index, leave no version that fits.",
        "Look at `pip config list` for a constraint.",
        missing=True,
    ),
    Explanation(
        r"do not match the hashes",
        "A downloaded package has the wrong checksum.",
        "Run this again; if the error stays, the package index or a proxy delivers another file.",
    ),
    Explanation(
        r"certificate.verify|SSLError|SSLCertVerification",
        "The package index could not be trusted: its certificate was not accepted.",
        "Behind a proxy, set pip's `cert` to its certificate.",
    ),
    Explanation(
        r"ProxyError|proxy authentication|tunnel connection",
        "The proxy did not let pip reach the package index.",
        _NETWORK,
    ),
    Explanation(
        r"name resolution|name or service|nodename nor|getaddrinfo|resolve host|network is unreachable",
        "There is no network, or the package index's name is unknown.",
        _NETWORK,
    ),
    Explanation(
        r"connection (broken|refused|reset|error)|timed out|max retries|IncompleteRead|incomplete.download",
        "The package index did not answer, or the connection broke.",
        _NETWORK,
    ),
    Explanation(
        r"\b40[13] client error|error:? 40[13]\b",
        "The package index refused to deliver a package.",
        _NETWORK,
    ),
    Explanation(
        r"no matching distribution found for (?P<package>\S+)",
        "The package index did not answer, or has no {package} at all.",
        _NETWORK,
        missing=True,
    ),
)


class PipError(InstallError):
    """pip failed.

    harmless: whether the installed packages are unchanged
    missing:  whether the index has no such package
    """

    def __init__(self, message: str, advice: str, *, harmless: bool = False, missing: bool = False) -> None:
        super().__init__(message, f"{advice} pip's output is in {LOG}.".lstrip())
        self.harmless = harmless
        self.missing = missing
        if missing:
            self.mark = "none"


def install(
    arguments: Sequence[str], tick: Tick, python: Path | None = None, environment_folder: Path | None = None
) -> None:
    """``pip install`` in a virtual environment, with pip's own configuration. Raises PipError.

    python:             its interpreter
    environment_folder: the environment; both are those of this checkout by default
    """
    _run("install", arguments, tick, python or PYTHON, environment_folder or VENV)


def download(arguments: Sequence[str], tick: Tick) -> None:
    """``pip download`` with the virtual environment's pip, with its own configuration. Raises PipError."""
    _run("download", arguments, tick, PYTHON, VENV)


def _run(verb: str, arguments: Sequence[str], tick: Tick, python: Path, environment_folder: Path) -> None:
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    temporary = environment_folder / "tmp"
    temporary.mkdir(exist_ok=True)
    # free space was checked on this disk; the system's folder of temporary files is often small
    folders = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    environment = processes.environment(**folders, PIP_USER="0")
    for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"):
        environment.pop(name, None)
    try:
        # no file in the current folder may pass for one of pip's modules; Python 3.7 knows no -P
        isolation = "-P" if python == PYTHON else "-I"
        command: list[str | Path] = [python, isolation, "-m", "pip", verb, *options, *arguments]
        outcome = processes.run(command, tick, environment)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if outcome.code != 0:
        raise explain(outcome)


def explain(outcome: processes.Outcome) -> PipError:
    """The error that tells a person why pip failed."""
    for explanation in _EXPLANATIONS:
        if match := re.search(explanation.pattern, outcome.output, re.IGNORECASE):
            sentence = explanation.sentence.format(**match.groupdict())
            return PipError(
                sentence, explanation.advice, harmless=explanation.harmless, missing=explanation.missing
            )
    errors = [line for line in outcome.output.splitlines() if line.upper().startswith("ERROR")]
    reason = processes.redacted(errors[-1] if errors else outcome.last_line).rstrip(".")
    return PipError(f"pip failed: {reason}.", "")
