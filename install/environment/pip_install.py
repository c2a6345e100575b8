"""Runs pip in the virtual environment, and says in a sentence why it failed."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from install import processes
from install.checkout import LOG, PYTHON, VENV
from install.console import Tick
from install.problem import Problem

_NETWORK = (
    "Check the network and pip's settings for index and proxy (`pip config list`), then run this again."
)


@dataclass(frozen=True)
class Meaning:
    """What a line of pip's output means.

    harmless: whether pip gives up in this case before it has changed anything that is installed
    """

    pattern: str
    sentence: str
    advice: str
    harmless: bool = True
    missing: bool = False


# The first that matches counts: pip mentions "no matching distribution" after every network failure as well.
_MEANINGS = (
    Meaning(
        r"no space left|disk quota exceeded|errno (28|122)\b|not enough space",
        "The disk is full.",
        "Free some space, then run this again.",
        harmless=False,
    ),
    Meaning(
        r"from versions: \d[^\n]*\n[^\n]*no matching distribution found for (?P<what>\S+)",
        "The package index has no {what} for this Python and this system.",
        "Use another Python, or tell pip of another index.",
        missing=True,
    ),
    Meaning(
        r"ResolutionImpossible|conflicting dependencies",
        "pip's constraints, or its index, leave no version that fits.",
        "Look at `pip config list` for a constraint.",
        missing=True,
    ),
    Meaning(
        r"do not match the hashes",
        "A downloaded package has the wrong checksum.",
        "Run this again; if it stays so, the package index or a proxy hands out something else.",
    ),
    Meaning(
        r"certificate.verify|SSLError|SSLCertVerification",
        "The package index could not be trusted: its certificate was not accepted.",
        "Behind a proxy, set pip's `cert` to its certificate.",
    ),
    Meaning(
        r"ProxyError|proxy authentication|tunnel connection",
        "The proxy did not let pip reach the package index.",
        _NETWORK,
    ),
    Meaning(
        r"name resolution|name or service|nodename nor|getaddrinfo|resolve host|network is unreachable",
        "There is no network, or the package index's name is unknown.",
        _NETWORK,
    ),
    Meaning(
        r"connection (broken|refused|reset|error)|timed out|max retries|IncompleteRead|incomplete.download",
        "The package index did not answer, or broke off.",
        _NETWORK,
    ),
    Meaning(
        r"\b40[13] client error|error:? 40[13]\b",
        "The package index refused to hand out a package.",
        _NETWORK,
    ),
    Meaning(
        r"no matching distribution found for (?P<what>\S+)",
        "The package index did not answer, or has no {what} at all.",
        _NETWORK,
        missing=True,
    ),
)


class PipProblem(Problem):
    """pip failed.

    harmless: whether what was installed before is untouched
    missing:  whether the index has no such package
    """

    def __init__(self, message: str, advice: str, *, harmless: bool = False, missing: bool = False) -> None:
        super().__init__(message, f"{advice} pip's own words are in {LOG}.".lstrip())
        self.harmless = harmless
        self.missing = missing
        if missing:
            self.mark = "none"


def install(
    arguments: Sequence[str], tick: Tick, python: Path | None = None, environment_folder: Path | None = None
) -> None:
    """``pip install`` in a virtual environment, with pip's own configuration. Raises PipProblem.

    python, environment_folder: its interpreter, and itself; by default those of this checkout
    """
    _run("install", arguments, tick, python or PYTHON, environment_folder or VENV)


def download(arguments: Sequence[str], tick: Tick) -> None:
    """``pip download`` with the virtual environment's pip, with its own configuration. Raises PipProblem."""
    _run("download", arguments, tick, PYTHON, VENV)


def _run(verb: str, arguments: Sequence[str], tick: Tick, python: Path, environment_folder: Path) -> None:
    talk = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    temporary = environment_folder / "tmp"
    temporary.mkdir(exist_ok=True)
    place = str(temporary)
    # room was checked for here; the system's own folder of temporary files is often small
    environment = processes.environment(TMPDIR=place, TEMP=place, TMP=place, PIP_USER="0")
    for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONWARNINGS"):
        environment.pop(name, None)
    try:
        # nothing in the current folder may pass for one of pip's modules; Python 3.7 knows no -P
        apart = "-P" if python == PYTHON else "-I"
        outcome = processes.run([python, apart, "-m", "pip", verb, *talk, *arguments], tick, environment)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if outcome.code != 0:
        raise explain(outcome)


def explain(outcome: processes.Outcome) -> PipProblem:
    """What pip's output means for a person."""
    for meaning in _MEANINGS:
        if found := re.search(meaning.pattern, outcome.output, re.IGNORECASE):
            sentence = meaning.sentence.format(**found.groupdict())
            return PipProblem(sentence, meaning.advice, harmless=meaning.harmless, missing=meaning.missing)
    errors = [line for line in outcome.output.splitlines() if line.upper().startswith("ERROR")]
    reason = processes.redacted(errors[-1] if errors else outcome.last_line).rstrip(".")
    return PipProblem(f"pip failed: {reason}.", "")
