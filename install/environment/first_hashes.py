"""The SHA-256 of files that no list has: each has to be what came first under its name.

PyTorch's builds for one kind of GPU, and those of an index that the user names, cannot be listed beforehand.
pip's report of an installation has the SHA-256 of every file: what the index states and pip has compared, or
that of the file itself. The first one is noted in the environment's folder, and stays when the environment is
made anew. A file that differs from its note is refused before anything imports it: the environment stays
unfinished, and no editor finds it.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from install.checkout import COMMAND_LINE, FIRST_HASHES, VENV
from install.console import Tick
from install.environment import pip_install
from install.errors import InstallError
from retouchml.system.files import write_atomically

_DIGEST = re.compile(r"[0-9a-f]{64}")


def install(arguments: Sequence[str], tick: Tick) -> None:
    """``pip install`` in the environment, whose files have to be those that came first.

    Raises PipError, or InstallError for a file that is another one, or of which pip knows no SHA-256.
    """
    report = VENV / "report.json"
    try:
        pip_install.install((*arguments, "--report", str(report)), tick)
        compare(_installed(report))
    finally:
        report.unlink(missing_ok=True)


def compare(files: dict[str, str]) -> None:
    """Compare files with what came first under their names, and note those that are new.

    files: SHA-256 in hexadecimal by name

    Raises InstallError; then nothing is noted.
    """
    noted = _noted()
    for name, digest in files.items():
        if not _DIGEST.fullmatch(digest):
            raise InstallError(f"The package index has no SHA-256 of {name}, and pip found none.")
        if noted.get(name, digest) != digest:
            raise InstallError(
                f"{name} is another file than the one that came first: its SHA-256 was {noted[name]}, and "
                f"is {digest}.",
                f"Ask those who keep the package index why. If they exchanged it, delete its line in "
                f"{FIRST_HASHES}, then run `{COMMAND_LINE}` again.",
            )
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted({**noted, **files}.items()))
    write_atomically(FIRST_HASHES, lines.encode(), 0o644)


def compare_folder(folder: Path) -> None:
    """Compare the noted ones among a folder's files. Raises InstallError."""
    noted = _noted()
    for file in sorted(folder.iterdir()):
        if file.name in noted:
            with file.open("rb") as stream:
                compare({file.name: hashlib.file_digest(stream, "sha256").hexdigest()})


def _installed(report: Path) -> dict[str, str]:
    """What pip has installed: SHA-256 by file name, "" where its report has none."""
    files = {}
    for each in json.loads(report.read_text(encoding="utf-8"))["install"]:
        origin = each["download_info"]
        about = origin.get("archive_info", {})
        # older versions of pip have one field for the algorithm and the digest
        former = str(about.get("hash", "")).removeprefix("sha256=")
        digest = about.get("hashes", {}).get("sha256", former)
        files[unquote(urlsplit(origin["url"]).path).rpartition("/")[2]] = digest
    return files


def _noted() -> dict[str, str]:
    """SHA-256 by file name, as ``sha256sum`` writes them."""
    try:
        lines = FIRST_HASHES.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines) if name}
