"""Downloads a published file by its address, resumes interrupted downloads, and checks the file's hash.

If its publisher gives no hash, the hash of the first download is kept, and anything else that comes from the
same address later is refused.
"""

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
from retouchml.system.failures import is_disk_full
from stylegan2.zoo.storage import digest, download_files
from stylegan2.zoo.table import Model

_CHUNK = 1 << 20
_TIMEOUT_SECONDS = 30.0
_LARGEST_FILE = 4 << 30  # bytes; more than any network has
_RESUME = "Try again: nothing is downloaded twice."
_MOST_DIGITS = 20  # of a Content-Length
_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-")
_HEADER_VALUE = re.compile(r"[!-~][ -~]{0,199}")
_SCHEMES = ("https", "http")


def hash_file(model: Model, models_dir: Path) -> Path:
    """The file with the hash of the first download, for a model whose publisher gives none."""
    return models_dir / f".{model.name}.sha256"


def download(model: Model, report: Callable[[float], None]) -> Path:
    """Download the model's file, continuing an earlier attempt; returns its path.

    An earlier attempt is continued only if the server says that the file is still the same version, or if the
    hash of the whole is in the table.

    report: called with the fraction done; may raise, which keeps what has arrived. Raises DownloadError or
    DiskFullError.
    """
    target, version_file = download_files(model.name)
    size, version = _earlier_attempt(model)
    try:
        with _open(model, size, version) as response:
            begin, total = _span(response, size, version, model)
            if begin == 0:
                target.write_bytes(b"")
                version_file.write_text(_version(response.headers), encoding="utf-8")
            with target.open("r+b") as file:
                file.seek(begin)
                file.truncate()
                _copy(response, file.write, begin, total or model.size, report)
            if total is not None and target.stat().st_size < total:
                raise DownloadError(f"{_host(model)} broke off.", _RESUME)
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
            complete = error.headers.get("Content-Range", "") == f"bytes */{size}"
            if error.code == 416 and size and (complete or model.sha256):
                return target  # the whole file is here: its hash will be checked
            if error.code == 416:
                forget_download(model)
                raise _changed(model) from error
        raise _explain(error, model) from error
    except OSError as error:
        if is_disk_full(error):
            raise DiskFullError(
                f"The disk is full: {model.archive} does not fit.", "Free some space, then try again."
            ) from error
        raise
    return target


def forget_download(model: Model) -> None:
    """Delete what an interrupted download left."""
    for file in download_files(model.name):
        file.unlink(missing_ok=True)


def check_hash(file: Path, model: Model, models_dir: Path) -> str:
    """The file's hash, compared with that of the table, or else of the first download.

    Deletes the file and raises ModelCorrupt if they differ.
    """
    actual, first = digest(file), hash_file(model, models_dir)
    expected = model.sha256 or (first.read_text(encoding="ascii").strip() if first.exists() else actual)
    if actual != expected:
        forget_download(model)
        raise ModelCorrupt(
            f"{model.archive} is not the expected file: its SHA-256 is {actual}, not {expected}.",
            "Try again. "
            + (
                "If that fails, too, the address delivers another file."
                if model.sha256
                else f"If that fails, too, and you trust the new file, delete {first}."
            ),
        )
    return actual


def remember_hash(sha256: str, model: Model, models_dir: Path) -> None:
    """Keep the hash of a file that proved to be a network, if its publisher gives none."""
    if not model.sha256:
        hash_file(model, models_dir).write_text(sha256 + "\n", encoding="ascii")


def _earlier_attempt(model: Model) -> tuple[int, str]:
    """The size in bytes and the version of an interrupted download; 0 if it cannot be continued."""
    target, version_file = download_files(model.name)
    if not target.exists():
        return 0, ""
    version = version_file.read_text(encoding="utf-8", errors="replace") if version_file.exists() else ""
    can_be_checked = _HEADER_VALUE.fullmatch(version) or model.sha256
    return (target.stat().st_size, version) if can_be_checked else (0, "")


def _version(headers: Message) -> str:
    """The version of the file that a server sends: its strong entity tag, or else when it was changed."""
    tag = headers.get("ETag", "")
    value = tag if tag.startswith('"') else headers.get("Last-Modified", "")
    return value if _HEADER_VALUE.fullmatch(value) else ""


def _open(model: Model, begin: int, version: str) -> HTTPResponse:
    """The server's response: the file from the byte ``begin`` on, or the whole if its version has changed."""
    if urlsplit(model.url).scheme not in _SCHEMES:
        raise DownloadError(f"The address of {model.name} is no web address.", "Report this.")
    request = urllib.request.Request(model.url, headers={"User-Agent": "retouchml"})  # noqa: S310 - checked above
    if begin:
        request.add_header("Range", f"bytes={begin}-")
        if version:
            request.add_header("If-Range", version)
    response: HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)  # noqa: S310
    return response


def _span(response: HTTPResponse, size: int, version: str, model: Model) -> tuple[int, int | None]:
    """The position of the response's first byte in the file, and the file's length if the server gives it.

    size, version: of the earlier attempt. A server that cannot resume, or has another version by now, sends
    the whole file. Raises DownloadError for a part that does not fit, and for a file larger than any network.
    """
    length = response.headers.get("Content-Length", "")
    part = int(length) if length.isdecimal() and len(length) < _MOST_DIGITS else None
    begin = 0
    if response.status == 206:
        content_range = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
        begin = int(content_range[1]) if content_range else -1
        current = _version(response.headers)
        if not 0 <= begin <= size or (current and version and current != version):
            forget_download(model)
            raise _changed(model)
    total = None if part is None else begin + part
    if (total or 0) > _LARGEST_FILE:
        raise DownloadError(f"{_host(model)} offers {(total or 0) / 1e9:.0f} GB, which is no network.")
    return begin, total


def _changed(model: Model) -> DownloadError:
    return DownloadError(
        f"What {_host(model)} sends does not continue what was fetched before.",
        "Try again: the download starts from the beginning.",
    )


def _copy(
    response: HTTPResponse,
    write: Callable[[bytes], int],
    begin: int,
    total: int,
    report: Callable[[float], None],
) -> None:
    done = begin
    while chunk := response.read(min(_CHUNK, _LARGEST_FILE - done)):
        write(chunk)
        done += len(chunk)
        report(min(done / total, 1.0))


def _host(model: Model) -> str:
    return urlsplit(model.url).netloc


def _explain(error: Exception, model: Model) -> DownloadError:
    host = _host(model)
    if isinstance(error, urllib.error.HTTPError):
        how = f"fetch {model.name} --from FILE" if model.sha256 else f"import FILE --name {model.name}-own"
        return DownloadError(
            f"{host} does not give {model.archive} (answer {error.code}).",
            f"Get the file elsewhere, then: `retouchml models {how}`.",
        )
    reason = getattr(error, "reason", error)
    if isinstance(reason, OSError) and reason.errno is not None and reason.errno > 0:
        return DownloadError(f"{host} cannot be reached ({os.strerror(reason.errno).lower()}).", _RESUME)
    return DownloadError(f"{host} cannot be reached: are you offline?", _RESUME)
