"""Fetches uv, which brings a Python, where neither a Python with pip nor a uv is: with the standard library.

An editor on Windows or macOS has a Python inside, but no pip. The version and its hashes are those of
``install/requirements/uv.txt``; nothing else is taken, whatever the index says.
"""

import hashlib
import http.client
import json
import os
import platform
import re
import ssl
import sys
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from retouchml.setup import installer

_INDEX = "https://pypi.org/simple"
_JSON = "application/vnd.pypi.simple.v1+json"  # PEP 691
_SECONDS = 15.0  # without a byte, as pip; nothing can stop a read before
_PIECE = 64 << 10  # bytes
_LARGEST = 100 << 20  # bytes of a wheel
_LARGEST_ANSWER = 32 << 20
# an AppImage's ssl looks for certificates where its builder had them
_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
_LISTED = re.compile(r"^uv==(\S+)((?:\s+--hash=sha256:[0-9a-f]{64}|\s*\\\n)+)", re.MULTILINE)
_SYSTEMS = {"linux": "manylinux", "darwin": "macosx", "win32": "win"}
_MACHINES = {"amd64": "(x86_64|amd64)", "x86_64": "(x86_64|amd64)", "arm64": "(arm64|aarch64)"}
_FAILURES = (OSError, ValueError, KeyError, TypeError, http.client.HTTPException, zipfile.BadZipFile)


def fetch(folder: Path, tick: "Callable[[], object]" = lambda: None) -> str:
    """The path of a uv that was fetched into ``folder``; "" if it cannot be had.

    tick: called after every piece that comes; may raise, which stops it
    """
    try:
        version, digests = _listed()
        index = _Index(os.environ.get("PIP_INDEX_URL") or _INDEX, tick)
        for address, digest in index.offered(version):
            if digest in digests:
                return _unpack(_checked(index.get(address, _LARGEST), digest), folder)
    except _FAILURES:  # whose texts may show an address with a password
        return ""
    return ""


def requirements() -> Path:
    """The list of uv's tested version and hashes, in pip's format."""
    return installer.FILES / "install" / "requirements" / "uv.txt"


def _listed() -> tuple[str, set[str]]:
    """The version, and the SHA-256 of its wheels. Raises OSError or ValueError."""
    found = _LISTED.search(requirements().read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(requirements())
    return found[1], set(re.findall("[0-9a-f]{64}", found[2]))


class _Index:
    """A package index; a user and a password in its address go to its own host alone."""

    def __init__(self, address: str, tick: "Callable[[], object]") -> None:
        parts = urlsplit(address)
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        self._page = f"{bare.geturl().rstrip('/')}/uv/"
        self._tick = tick
        passwords = urllib.request.HTTPPasswordMgrWithPriorAuth()
        if parts.username is not None:
            user, password = unquote(parts.username), unquote(parts.password or "")
            passwords.add_password(None, _origin(bare), user, password, is_authenticated=True)
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=_context()), urllib.request.HTTPBasicAuthHandler(passwords)
        )

    def offered(self, version: str) -> Iterator[tuple[str, str]]:
        """Addresses of this system's wheels, each with the hash that the index names."""
        system, machine = _SYSTEMS.get(sys.platform, "-"), platform.machine().lower()
        machines = _MACHINES.get(machine, re.escape(machine))
        fits = re.compile(rf"uv-{re.escape(version)}-py3-none-{system}\S*_{machines}\.whl")
        for file in json.loads(self.get(self._page, _LARGEST_ANSWER))["files"]:
            if fits.fullmatch(file["filename"]):
                yield urljoin(self._page, file["url"]), file["hashes"]["sha256"]

    def get(self, address: str, most: int) -> bytes:
        """What an address answers. Raises OSError, ValueError, HTTPException or what ``tick`` raises."""
        if not address.startswith(("https://", "http://")):
            raise ValueError(address)
        request = urllib.request.Request(address, headers={"Accept": _JSON})  # noqa: S310
        content = bytearray()
        with self._opener.open(request, timeout=_SECONDS) as answer:
            while piece := answer.read1(_PIECE):  # what is there: a slow link fills no piece
                self._tick()
                content += piece
                if len(content) > most:
                    raise ValueError(address)
        return bytes(content)


def _origin(parts: SplitResult) -> str:
    """Scheme, host and port. With the port, urllib tells http from https: no password goes unencrypted."""
    port = "" if parts.port else ":443" if parts.scheme == "https" else ":80"
    return f"{parts.scheme}://{parts.netloc}{port}/"


def _context() -> ssl.SSLContext:
    named = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
    if named:
        return ssl.create_default_context(cafile=named)
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        for path in filter(os.path.isfile, _CERTIFICATES):
            context.load_verify_locations(path)
            break
    return context


def _checked(content: bytes, digest: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(digest)
    return content


def _unpack(content: bytes, folder: Path) -> str:
    """Write the wheel's uv into ``folder``; its path. Raises OSError, KeyError or BadZipFile."""
    name = "uv.exe" if sys.platform == "win32" else "uv"
    wheel = folder / "uv.whl"
    wheel.write_bytes(content)
    with zipfile.ZipFile(wheel) as archive:
        place = next(each for each in archive.namelist() if each.endswith(f".data/scripts/{name}"))
        (folder / name).write_bytes(archive.read(place))
    wheel.unlink()
    (folder / name).chmod(0o755)
    return str(folder / name)
