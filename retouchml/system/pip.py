"""pip's options for a child process, and what its failures mean.

The models and the installer's packages come through pip, which knows this machine's index, mirror, proxy and
credentials already.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from retouchml.system.processes import redacted

QUIET_OPTIONS = ("--no-input", "--disable-pip-version-check", "--progress-bar", "off")
"""For a pip that nobody watches."""

_NETWORK = "Check the network and pip's settings for index and proxy (`pip config list`), then try again."

_OTHER_FILE = "Try again. If that fails, too, the package index or a proxy delivers another file."


class Cause(Enum):
    """Why pip failed."""

    DISK_FULL = auto()
    NO_SUCH_VERSION = auto()
    """The index has the package, but not for this request."""
    CONFLICT = auto()
    WRONG_HASH = auto()
    NOT_LISTED = auto()
    """A package is needed that the requirements file does not list."""
    NO_PIP = auto()
    CERTIFICATE = auto()
    PROXY = auto()
    NO_NETWORK = auto()
    CONNECTION = auto()
    REFUSED = auto()
    NO_SUCH_PACKAGE = auto()
    NO_SUCH_FILE = auto()


@dataclass(frozen=True)
class Failure:
    """A cause, a sentence about it and what to do next."""

    cause: Cause
    sentence: str
    advice: str


# Cause, pattern of pip's output, sentence (with the package that was asked for) and advice. The first pattern
# that matches counts: pip prints "no matching distribution" after every network failure as well.
_FAILURES = (
    (
        Cause.DISK_FULL,
        r"no space left|disk quota exceeded|errno (28|122)\b|not enough space",
        "The disk is full.",
        "Free some space, then try again.",
    ),
    (
        Cause.NO_SUCH_VERSION,
        r"from versions: \d[^\n]*\n[^\n]*no matching distribution found for (?P<package>\S+)",
        "The package index has no {package} for this Python and this system.",
        "Use another Python, or tell pip of another index.",
    ),
    (
        Cause.CONFLICT,
        r"error: ResolutionImpossible|conflicting dependencies",
        "pip's constraints, or its index, leave no version that fits.",
        "Look at `pip config list` for a constraint.",
    ),
    (
        Cause.WRONG_HASH,
        r"do not match the hashes[^\n]*\n\s+(?P<package>[\w.-]+={2,3}\S+)",
        "The downloaded file of {package} has the wrong checksum: it is not the one that was tested.",
        _OTHER_FILE,
    ),
    (
        Cause.WRONG_HASH,
        r"do not match the hashes|hash(es)? mismatch",
        "A downloaded package has the wrong checksum.",
        _OTHER_FILE,
    ),
    (
        Cause.NOT_LISTED,
        r"in --require-hashes mode[^\n]*\n\s+(?P<package>[\w.-]+)",
        "The list of packages that were tested lacks {package}, which is needed here.",
        "Report this to RetouchML's developers; in a checkout `python3 install lock` makes the list anew.",
    ),
    (
        Cause.NO_PIP,
        r"no module named .?pip\b",
        "This Python has no pip, which fetches packages and models.",
        "Run `{python} -m ensurepip`, then try again.",
    ),
    (
        Cause.CERTIFICATE,
        r"certificate.verify|SSLError|SSLCertVerification",
        "The package index could not be trusted: its certificate was not accepted.",
        "Behind a proxy, set pip's `cert` to its certificate.",
    ),
    (
        Cause.PROXY,
        r"ProxyError|proxy authentication|tunnel connection",
        "The proxy did not let pip reach the package index.",
        _NETWORK,
    ),
    (
        Cause.NO_NETWORK,
        r"name resolution|name or service|nodename nor|getaddrinfo|resolve host|network is unreachable",
        "There is no network, or the package index's name is unknown.",
        _NETWORK,
    ),
    (
        Cause.CONNECTION,
        r"connection (broken|refused|reset|error)|timed out|max retries|IncompleteRead|incomplete.download",
        "The package index did not answer, or the connection broke.",
        _NETWORK,
    ),
    (
        Cause.REFUSED,
        r"\b40[13] client error|error:? 40[13]\b",
        "The package index refused to deliver {package}.",
        _NETWORK,
    ),
    (
        Cause.NO_SUCH_PACKAGE,
        r"no matching distribution found for (?P<package>\S+)",
        "The package index did not answer, or has no {package} for this Python and this system.",
        _NETWORK,
    ),
    (
        Cause.NO_SUCH_FILE,
        r"could not find a version|\b404 client error|error:? 404\b",
        "The package index has no {package}.",
        "Check pip's settings for the index (`pip config list`): a mirror may lack it.",
    ),
)


def explain(output: str, python: str, package: str = "such package") -> Failure | None:
    """What pip's output says of its failure; None if that is unknown.

    python: the interpreter that ran pip; package: what was asked for, where pip does not name it
    """
    for cause, pattern, sentence, advice in _FAILURES:
        if match := re.search(pattern, output, re.IGNORECASE):
            names = {"package": match.groupdict().get("package") or package, "python": python}
            return Failure(cause, sentence.format(**names), advice.format(**names))
    return None


def last_line(output: str) -> str:
    """The last line of pip's output that reports an error, else the last of all; without passwords."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    lines = [line for line in lines if line.upper().startswith("ERROR")] or lines
    return redacted(lines[-1]).rstrip(".") if lines else ""
