"""The SHA-256 of files that no list has: each has to be what came first under its name.

PyTorch's builds for one kind of GPU, and those of an index that the user names, cannot be listed beforehand.
pip is first asked what it would install. Its report has the SHA-256 of every file: what the index states, or
that of the file itself. They are compared with what came first, and only then does pip install, with these
SHA-256 as its list: a file that was exchanged never gets into the environment. What came first is noted in
the environment's folder, and stays when the environment is made anew.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

from install.checkout import COMMAND_LINE, FIRST_HASHES, VENV
from install.console import Tick
from install.environment import pip_install, requirements
from install.errors import InstallError
from retouchml.system.files import write_atomically

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NEEDED = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class _File:
    """A file of an index: its package as "name==version", its name and its SHA-256, "" for none."""

    package: str
    name: str
    sha256: str


def install(arguments: Sequence[str], tick: Tick) -> None:
    """``pip install`` in the environment, of files that have to be those that came first.

    arguments: of pip; the last is the package

    Raises PipError; or InstallError for a file that is another one, or of which pip knows no SHA-256: then
    nothing was installed.
    """
    files = _ask(arguments, tick)
    _compare(files)
    _bring(pip_install.install, arguments[:-1], files, tick)
    _note(files)


def download(arguments: Sequence[str], folder: Path, tick: Tick) -> None:
    """``pip download`` of a package that ``install`` installed here, and of what it brought.

    Raises PipError; or InstallError for a file that is another one, or of which no note was taken: then
    nothing was written.
    """
    *options, wanted = arguments
    name = wanted.partition("==")[0]
    packages = list(_unlisted(name))
    if not packages:
        raise InstallError(f"{name} is not in the environment.", f"Run `{COMMAND_LINE} --repair`.")
    files = _ask((*options, "--ignore-installed", "--no-deps", *packages), tick)
    noted = _noted()
    for file in files:
        if file.name not in noted:
            raise InstallError(
                f"The SHA-256 of {file.name} was not noted when it came, so it cannot be compared.",
                f"`{COMMAND_LINE} --repair` fetches it again and notes it.",
            )
    _compare(files)
    _bring(pip_install.download, ("--dest", str(folder), *options), files, tick)


def _ask(arguments: Sequence[str], tick: Tick) -> list[_File]:
    """The files that ``pip install`` would install."""
    report = VENV / "report.json"
    try:
        pip_install.install((*arguments, "--dry-run", "--report", str(report)), tick)
        listed = json.loads(report.read_text(encoding="utf-8"))["install"]
    finally:
        report.unlink(missing_ok=True)
    files = []
    for each in listed:
        origin = each["download_info"]
        about = origin.get("archive_info", {})
        # older versions of pip have one field for the algorithm and the digest
        former = str(about.get("hash", "")).removeprefix("sha256=")
        digest = about.get("hashes", {}).get("sha256", former)
        name = unquote(urlsplit(origin["url"]).path).rpartition("/")[2]
        package = f"{each['metadata']['name']}=={each['metadata']['version']}"
        files.append(_File(package, name, digest))
    return files


def _compare(files: Sequence[_File]) -> None:
    """Compare files with what came first under their names. Raises InstallError."""
    noted = _noted()
    for file in files:
        if not _DIGEST.fullmatch(file.sha256):
            raise InstallError(f"The package index has no SHA-256 of {file.name}, and pip found none.")
        if noted.get(file.name, file.sha256) != file.sha256:
            raise InstallError(
                f"{file.name} is another file than the one that came first: its SHA-256 was "
                f"{noted[file.name]}, and is {file.sha256}.",
                f"Ask those who keep the package index why. If they exchanged it, delete its line in "
                f"{FIRST_HASHES}, then run `{COMMAND_LINE}` again.",
            )


def _bring(
    pip: Callable[[Sequence[str], Tick], None], options: Sequence[str], files: Sequence[_File], tick: Tick
) -> None:
    """Let pip fetch these files and no others."""
    if not files:
        return
    listed = VENV / "compared.txt"
    lines = (f"{file.package} --hash=sha256:{file.sha256}\n" for file in files)
    listed.write_text("".join(lines), encoding="utf-8")
    try:
        pip((*options, "--no-deps", "--require-hashes", "--requirement", str(listed)), tick)
    finally:
        listed.unlink(missing_ok=True)


def _unlisted(package: str) -> Iterator[str]:
    """An installed package and those that it needs, as "name==version", without those that a list has."""
    folders = (*VENV.glob("lib/python3*/site-packages"), VENV / "Lib" / "site-packages")
    installed = {
        requirements.normal(each.metadata["Name"]): each
        for each in metadata.distributions(path=list(map(str, folders)))
    }
    listed = requirements.names(requirements.PACKAGES)
    wanted, seen = [requirements.normal(package)], set[str]()
    while wanted:
        name = wanted.pop()
        if name in seen or name in listed or name not in installed:
            continue
        seen.add(name)
        yield f"{name}=={installed[name].version}"
        wanted += [
            requirements.normal(found[0])
            for line in installed[name].requires or ()
            if "extra ==" not in line and (found := _NEEDED.match(line))
        ]


def _note(files: Sequence[_File]) -> None:
    noted = {**_noted(), **{file.name: file.sha256 for file in files}}
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(noted.items()))
    write_atomically(FIRST_HASHES, lines.encode(), 0o644)


def _noted() -> dict[str, str]:
    """SHA-256 by file name, as ``sha256sum`` writes them."""
    try:
        lines = FIRST_HASHES.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines) if name}
