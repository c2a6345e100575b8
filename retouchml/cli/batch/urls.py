"""Files in object stores and on other machines, by their URLs, through fsspec.

fsspec knows the stores, whose settings and keys are its own and theirs. What their packages raise has no
common root; each becomes an error of a sentence here.
"""

import importlib.util
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from retouchml.cli.batch.journal import Stamp
from retouchml.cli.batch.url_stamps import stamp_of
from retouchml.errors import PictureUnreadable, PictureUnwritable, RetouchError, UsageError

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)  # C:\ has one letter
_PASSWORD = re.compile(r"://[^/@]*:[^/]*@")
_QUERY = re.compile(r"(://[^\s'\"?]*)\?[^\s'\"]*")
_WITH_QUERIES = ("http", "https", "abfs", "abfss", "az")  # whose queries are often signatures
_LARGEST_FILE = 1 << 30
# where a file needs its folder first; object stores have none, and s3fs would make a bucket
_WITH_FOLDERS = ("sftp", "ssh", "ftp", "smb", "hdfs", "arrow_hdfs", "webhdfs")
_ADVICE = "Check the address and the keys of that store."


def is_url(text: str) -> bool:
    """Whether a text of the command line is a URL, and not the name of a file."""
    return _URL.match(text) is not None


def split(url: str) -> tuple[str, str]:
    """The scheme and the rest."""
    match = _URL.match(url)
    assert match is not None
    return match[1].lower(), match[2]


def local_file(url: str) -> "Path | None":
    """The file on this machine that ``file://`` and ``local://`` name; None for all other URLs."""
    scheme, rest = split(url)
    return Path(url2pathname(rest)) if scheme in ("file", "local") else None


def host_of(url: str) -> str:
    """The host or bucket that a URL names: what of it may be said where it may hold a secret."""
    return re.split(r"[/?#]", split(url)[1].rpartition("@")[2], maxsplit=1)[0]


def check_secrets(url: str) -> None:
    """Raise UsageError for a URL with a password or a signature, which no message may repeat."""
    scheme, rest = split(url)
    host = host_of(url)
    is_web = scheme in ("http", "https")
    if _PASSWORD.search(url) or (is_web and "@" in rest.split("/")[0]):
        raise UsageError(
            f"The address of {host} has a password, which would be in the report.",
            "Put it into fsspec's settings.",
        )
    if scheme in _WITH_QUERIES and "?" in rest:
        raise UsageError(
            f"The address of {host} has a query, which may be a key and would be in the report.",
            "Leave out what begins with `?`, and put keys into fsspec's settings.",
        )


def check(url: str) -> None:
    """Raise UsageError if there is no way to reach what a URL names."""
    check_secrets(url)
    scheme, rest = split(url)
    if "::" in url:
        raise UsageError(f"{url} is a chain of URLs.", "Name the files themselves.")
    try:
        urlsplit(url)
    except ValueError:  # of brackets that do not match
        raise UsageError(f"{url} is no address.", "Write `s3://bucket/folder`, for example.") from None
    if not rest.strip("/"):
        raise UsageError(f"{url} names no folder and no file.", "Write `s3://bucket/folder`, for example.")
    if importlib.util.find_spec("fsspec") is None:
        raise UsageError(
            "URLs need the package fsspec, which is not installed.",
            "`pip install 'retouchml[ray]'` installs it.",
        )
    import fsspec

    try:
        fsspec.get_filesystem_class(scheme)
    except ValueError as error:
        raise UsageError(f"{scheme}:// is no address that fsspec knows.", "Check its name.") from error
    except ImportError as error:  # "Install s3fs to access S3"
        raise UsageError(f"{scheme}:// needs a further package: {_reason(error)}.") from error


def canonical(scheme: str) -> str:
    """One name for all schemes of a store, such as ``s3`` for ``s3a``. The scheme is one that was checked."""
    import fsspec

    if scheme in ("http", "https"):  # two servers
        return scheme
    kind = fsspec.get_filesystem_class(scheme)
    names = (kind.protocol,) if isinstance(kind.protocol, str) else tuple(kind.protocol)
    return str(names[0]) if scheme in names else scheme


def stamp(url: str, *, fresh: bool = False) -> "Stamp | None":
    """The stamp of a file; None if there is none. fresh: not from a list that fsspec remembers.

    Raises PictureUnreadable.
    """
    with _reading(url):
        system, path = _opened(url)
        if fresh:
            system.invalidate_cache(path)
        try:
            info = system.info(path)
        except FileNotFoundError:
            return None
        return None if info["type"] == "directory" else stamp_of(info)


def is_folder(url: str) -> bool:
    """Whether it is a folder, or the beginning of names. Raises PictureUnreadable."""
    with _reading(url):
        system, path = _opened(url)
        return bool(system.isdir(path))


def files(url: str, *, recursive: bool) -> dict[str, Stamp]:
    """The files in a folder by their names below it; none where it is not. Raises PictureUnreadable."""
    with _reading(url):
        system, path = _opened(url)
        try:
            if recursive:
                found = system.find(path, detail=True).values()
            else:
                found = [each for each in system.ls(path, detail=True) if each["type"] == "file"]
        except FileNotFoundError:
            return {}
        above = path.rstrip("/") + "/"
        names = {each["name"].removeprefix(above): stamp_of(each) for each in found}
        return {name: each for name, each in names.items() if name and not name.endswith("/")}


def fetch(url: str, target: Path) -> None:
    """Copy a file to this machine. Raises PictureUnreadable."""
    from fsspec.callbacks import Callback

    def check_size(size: int) -> None:
        if size > _LARGEST_FILE:
            raise PictureUnreadable(f"{url} is larger than 1 GiB.", "Retouch it from a disk.")

    class Limited(Callback):  # type: ignore[misc]  # fsspec has no types
        def relative_update(self, inc: int = 1) -> None:
            self.value += inc
            check_size(self.value)

    with _reading(url):
        system, path = _opened(url)
        check_size(system.size(path) or 0)  # None where a web server does not say
        system.get_file(path, str(target), callback=Limited())


def read(url: str) -> bytes:
    """The content of a small file. Raises PictureUnreadable."""
    with _reading(url):
        system, path = _opened(url)
        return bytes(system.cat_file(path))


def deliver(source: Path, url: str) -> None:
    """Copy a file of this machine there, over what there is, so that it appears whole.

    Raises PictureUnwritable.
    """
    with _writing(url):
        system, path = _opened(url)
        if not _has_folders(system):
            system.put_file(str(source), path)
            return
        _make_folder(system, path)
        folder, slash, name = path.rpartition("/")
        part = f"{folder}{slash}.{name}.part"
        try:
            system.put_file(str(source), part)
            if "sftp" not in system.protocol and system.exists(path):  # others move onto no file
                system.rm_file(path)
            system.mv(part, path)
        except BaseException:
            with suppress(Exception):
                system.rm_file(part)
            raise


def write(url: str, content: bytes) -> None:
    """Write a small file. Raises PictureUnwritable."""
    with _writing(url):
        system, path = _opened(url)
        _make_folder(system, path)
        system.pipe_file(path, content)


def remove(url: str) -> None:
    """Remove a file. Raises PictureUnwritable."""
    with _writing(url):
        system, path = _opened(url)
        system.rm_file(path)


def _opened(url: str) -> tuple[Any, str]:
    """fsspec's file system, which it keeps, and the path in it."""
    import fsspec

    system, path = fsspec.url_to_fs(url)
    return system, path


def _has_folders(system: Any) -> bool:
    protocols = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
    return any(each in _WITH_FOLDERS for each in protocols)


def _make_folder(system: Any, path: str) -> None:
    if _has_folders(system) and "/" in path:
        system.makedirs(path.rpartition("/")[0], exist_ok=True)


@contextmanager
def _reading(url: str) -> Iterator[None]:
    try:
        yield
    except RetouchError:
        raise
    except Exception as error:
        raise PictureUnreadable(f"{url} cannot be read: {_reason(error)}.", _ADVICE) from error


@contextmanager
def _writing(url: str) -> Iterator[None]:
    try:
        yield
    except RetouchError:
        raise
    except Exception as error:
        raise PictureUnwritable(f"{url} cannot be written: {_reason(error)}.", _ADVICE) from error


def _reason(error: Exception) -> str:
    """What a store's package says, in one line without a full stop."""
    said = getattr(error, "strerror", None) or str(error)
    if isinstance(error, FileNotFoundError) and " " not in said:
        return "there is no such file or folder"
    if isinstance(error, NotImplementedError):
        return "that is not possible there"
    lines = _QUERY.sub(r"\1", said).strip().splitlines()  # where a server leads may hold a signature
    return lines[0].rstrip(".") if lines else type(error).__name__
