"""Downloads a published file by its address: resumed where it broke off, and known again by its hash.

A publisher who gives no hash is trusted once: the first hash that is seen is kept, and anything else that
comes from the same address later is refused.
"""

import errno
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

from retouchml.errors import DiskFullError, DownloadError, ModelCorrupt
from stylegan2.zoo_folder import digest
from stylegan2.zoo_table import Entry

_CHUNK = 1 << 20
_PATIENCE_SECONDS = 30.0
_LARGEST = 4 << 30  # bytes; more than any network has
_RESUME = "Try again: what is here already will not be downloaded twice."
_SCHEMES = ("https", "http")


def partial_file(wanted: Entry, models: Path) -> Path:
    """Where an interrupted download waits to be continued."""
    return models / f".{wanted.name}.download"


def hash_file(wanted: Entry, models: Path) -> Path:
    """Where the first hash of a file is kept whose publisher gives none."""
    return models / f".{wanted.name}.sha256"


def download(wanted: Entry, models: Path, report: Callable[[float], None]) -> Path:
    """Fetch the entry's file, going on from what an earlier try left; returns where it is.

    report: called with the part done, 0 to 1; may raise, which keeps what is there. Raises DownloadError or
    DiskFullError.
    """
    target = partial_file(wanted, models)
    try:
        with _open(wanted, target.stat().st_size if target.exists() else 0) as answer:
            begin = _offset(answer)
            total = begin + int(answer.headers.get("Content-Length") or wanted.size)
            if total > _LARGEST:
                raise DownloadError(f"{_host(wanted)} offers {total / 1e9:.0f} GB, which is no network.")
            with target.open("r+b" if begin else "wb") as file:
                file.seek(begin)
                file.truncate()
                _copy(answer, file.write, begin, total, report)
            if target.stat().st_size < total:
                raise DownloadError(f"{_host(wanted)} broke off.", _RESUME)
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
            if error.code == 416:
                return target  # nothing is left to send: the hash will tell
        raise _explain(error, wanted) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                f"The disk is full: {wanted.archive} does not fit.", "Free some space, then try again."
            ) from error
        raise
    return target


def check_hash(file: Path, wanted: Entry, models: Path) -> str:
    """The file's hash, if it is the one that the table, or else the first download, gives.

    Raises ModelCorrupt where it is not, and deletes the file.
    """
    seen, first = digest(file), hash_file(wanted, models)
    known = wanted.sha256 or (first.read_text(encoding="ascii").strip() if first.exists() else seen)
    if seen != known:
        file.unlink()
        raise ModelCorrupt(
            f"{wanted.archive} is not the file that is known: its SHA-256 is {seen}, not {known}.",
            "Try again; if it stays so, "
            + (
                "the address hands out something else."
                if wanted.sha256
                else f"and you trust it, delete {first}."
            ),
        )
    return seen


def remember_hash(seen: str, wanted: Entry, models: Path) -> None:
    """Keep the hash of a file that proved to be a network, where its publisher gives none."""
    if not wanted.sha256:
        hash_file(wanted, models).write_text(seen + "\n", encoding="ascii")


def _open(wanted: Entry, have: int) -> HTTPResponse:
    if urlsplit(wanted.url).scheme not in _SCHEMES:
        raise DownloadError(f"The address of {wanted.name} is none of the web.", "Report this.")
    request = urllib.request.Request(wanted.url, headers={"User-Agent": "retouchml"})  # noqa: S310 - checked above
    if have:
        request.add_header("Range", f"bytes={have}-")
    answer: HTTPResponse = urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS)  # noqa: S310
    return answer


def _offset(answer: HTTPResponse) -> int:
    """Where the answer's first byte belongs; a server that cannot resume begins anew."""
    if answer.status != 206:
        return 0
    span = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(span) if span.isdigit() else 0


def _copy(
    answer: HTTPResponse,
    write: Callable[[bytes], int],
    begin: int,
    total: int,
    report: Callable[[float], None],
) -> None:
    done = begin
    while done < total and (chunk := answer.read(min(_CHUNK, total - done))):
        write(chunk)
        done += len(chunk)
        report(min(done / total, 1.0))


def _host(wanted: Entry) -> str:
    return urlsplit(wanted.url).netloc


def _explain(error: Exception, wanted: Entry) -> DownloadError:
    host = _host(wanted)
    if isinstance(error, urllib.error.HTTPError):
        return DownloadError(
            f"{host} does not give {wanted.archive} (answer {error.code}).",
            f"Get the file elsewhere and import it: retouchml models import FILE --name {wanted.name}-own.",
        )
    reason = getattr(error, "reason", error)
    if isinstance(reason, OSError) and reason.errno is not None and reason.errno > 0:
        return DownloadError(f"{host} cannot be reached ({os.strerror(reason.errno).lower()}).", _RESUME)
    return DownloadError(f"{host} cannot be reached: are you offline?", _RESUME)
