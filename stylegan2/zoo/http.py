"""Downloads a published file by its address: resumed where it broke off, and known again by its hash.

A publisher who gives no hash is trusted once: the first hash that is seen is kept, and anything else that
comes from the same address later is refused.
"""

import errno
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

from retouchml.errors import DiskFullError, DownloadError, ModelCorrupt
from stylegan2.zoo.storage import digest, download_files
from stylegan2.zoo.table import Entry

_CHUNK = 1 << 20
_PATIENCE_SECONDS = 30.0
_LARGEST = 4 << 30  # bytes; more than any network has
_RESUME = "Try again: what is here already will not be downloaded twice."
_DIGITS = 20  # of a length that can be one
_PART = re.compile(r"bytes (\d{1,19})-")
_HEADER_VALUE = re.compile(r"[!-~][ -~]{0,199}")
_SCHEMES = ("https", "http")


def hash_file(wanted: Entry, models: Path) -> Path:
    """Where the first hash of a file is kept whose publisher gives none."""
    return models / f".{wanted.name}.sha256"


def download(wanted: Entry, report: Callable[[float], None]) -> Path:
    """Fetch the entry's file, going on from what an earlier try left; returns where it is.

    What is there is only added to where the server says that it is still the same version, or where the hash
    of the whole is known beforehand.

    report: called with the part done, 0 to 1; may raise, which keeps what is there. Raises DownloadError or
    DiskFullError.
    """
    target, version = download_files(wanted.name)
    held, known = _held(wanted)
    try:
        with _open(wanted, held, known) as answer:
            begin, total = _span(answer, held, known, wanted)
            if begin == 0:
                target.write_bytes(b"")
                version.write_text(_version(answer.headers), encoding="utf-8")
            with target.open("r+b") as file:
                file.seek(begin)
                file.truncate()
                _copy(answer, file.write, begin, total or wanted.size, report)
            if total is not None and target.stat().st_size < total:
                raise DownloadError(f"{_host(wanted)} broke off.", _RESUME)
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
            whole = error.headers.get("Content-Range", "") == f"bytes */{held}"
            if error.code == 416 and held and (whole or wanted.sha256):
                return target  # nothing is left to send: the hash will tell
            if error.code == 416:
                forget_download(wanted)
                raise _changed(wanted) from error
        raise _explain(error, wanted) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                f"The disk is full: {wanted.archive} does not fit.", "Free some space, then try again."
            ) from error
        raise
    return target


def forget_download(wanted: Entry) -> None:
    """Delete what an interrupted download left, and what tells its version."""
    for file in download_files(wanted.name):
        file.unlink(missing_ok=True)


def check_hash(file: Path, wanted: Entry, models: Path) -> str:
    """The file's hash, if it is the one that the table, or else the first download, gives.

    Raises ModelCorrupt where it is not, and deletes the file.
    """
    seen, first = digest(file), hash_file(wanted, models)
    known = wanted.sha256 or (first.read_text(encoding="ascii").strip() if first.exists() else seen)
    if seen != known:
        forget_download(wanted)
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


def _held(wanted: Entry) -> tuple[int, str]:
    """How many bytes of a begun download can be added to, and of which version they are."""
    target, version = download_files(wanted.name)
    if not target.exists():
        return 0, ""
    known = version.read_text(encoding="utf-8", errors="replace") if version.exists() else ""
    can_be_told = _HEADER_VALUE.fullmatch(known) or wanted.sha256
    return (target.stat().st_size, known) if can_be_told else (0, "")


def _version(headers: Message) -> str:
    """What tells the version of the file that a server sends: a strong tag, or else when it was changed."""
    tag = headers.get("ETag", "")
    value = tag if tag.startswith('"') else headers.get("Last-Modified", "")
    return value if _HEADER_VALUE.fullmatch(value) else ""


def _open(wanted: Entry, held: int, version: str) -> HTTPResponse:
    if urlsplit(wanted.url).scheme not in _SCHEMES:
        raise DownloadError(f"The address of {wanted.name} is none of the web.", "Report this.")
    request = urllib.request.Request(wanted.url, headers={"User-Agent": "retouchml"})  # noqa: S310 - checked above
    if held:
        request.add_header("Range", f"bytes={held}-")
        if version:
            request.add_header("If-Range", version)
    answer: HTTPResponse = urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS)  # noqa: S310
    return answer


def _span(answer: HTTPResponse, held: int, known: str, wanted: Entry) -> tuple[int, int | None]:
    """Where the answer's first byte belongs, and how long the whole file is, if that is said.

    A server that cannot resume, or has another version by now, begins anew. Raises DownloadError for a part
    that does not fit, and for more than any network has.
    """
    length = answer.headers.get("Content-Length", "")
    size = int(length) if length.isdecimal() and len(length) < _DIGITS else None
    begin = 0
    if answer.status == 206:
        span = _PART.match(answer.headers.get("Content-Range", ""))
        begin = int(span[1]) if span else -1
        now = _version(answer.headers)
        if not 0 <= begin <= held or (now and known and now != known):
            forget_download(wanted)
            raise _changed(wanted)
    total = None if size is None else begin + size
    if (total or 0) > _LARGEST:
        raise DownloadError(f"{_host(wanted)} offers {(total or 0) / 1e9:.0f} GB, which is no network.")
    return begin, total


def _changed(wanted: Entry) -> DownloadError:
    return DownloadError(
        f"What {_host(wanted)} sends does not continue what was fetched before.", "Try again: it begins anew."
    )


def _copy(
    answer: HTTPResponse,
    write: Callable[[bytes], int],
    begin: int,
    total: int,
    report: Callable[[float], None],
) -> None:
    done = begin
    while chunk := answer.read(min(_CHUNK, _LARGEST - done)):
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
