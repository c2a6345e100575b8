"""What the light wheel's set-up installs in place of a checkout: the engine's wheel, and the light package.

The engine's wheel is the one that was built with this light wheel: its SHA-256 says so. It is taken from a
folder of the light package, from beside the file that this was installed from, or from pip's index, and kept
in the environment's folder, from which the environment is made anew when none of these has it any more. The
light package is packed again from its own files, so that both environments have the very same.
"""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from urllib.request import url2pathname

from install.checkout import ENGINE_KEPT, ENGINE_RECORD, ENGINE_WHEELS, SOURCE, TOP, VENV
from install.environment import requirements

_PACKAGE = "retouchml"
_SCRIPTS = "[console_scripts]\nretouchml = retouchml.cli.main:main\n"
_DATE = (2020, 1, 1, 0, 0, 0)  # always the same, so that the same files give the same bytes


def record() -> tuple[str, str]:
    """The file name of the engine's wheel, and its SHA-256."""
    content = json.loads((TOP / ENGINE_RECORD).read_text(encoding="utf-8"))
    return content["wheel"], content["sha256"]


def version() -> str:
    """The version of both wheels, which are built together."""
    return record()[0].split("-")[1]


def arguments(folder: Path) -> tuple[str, ...]:
    """``pip install``'s arguments for both; the light wheel and a list with the hashes go into ``folder``."""
    light = write_light(folder)
    digest = hashlib.sha256(light.read_bytes()).hexdigest()
    # by its address: elsewhere pip may find another file of this name and version
    own = f"retouchml @ {light.as_uri()} --hash=sha256:{digest}\n"
    return ("--force-reinstall", *_listed(folder / "project.txt", own))


def keep(download: Callable[[Sequence[str]], None]) -> None:
    """Keep the wheel in the environment's folder; does nothing if it is there.

    download: ``pip download``, with its arguments
    """
    name, digest = record()
    if _has_digest(ENGINE_KEPT / name, digest):
        return
    with TemporaryDirectory(dir=VENV) as draft:
        new = Path(draft, "new")
        new.mkdir()
        download(("--dest", str(new), *_listed(Path(draft, "listed.txt"))))
        shutil.rmtree(ENGINE_KEPT, ignore_errors=True)
        new.rename(ENGINE_KEPT)


def download_arguments(listed: Path) -> tuple[str, ...]:
    """``pip download``'s arguments for the engine's wheel; ``listed`` becomes the list with its hash."""
    return _listed(listed)


def _listed(file: Path, more: str = "") -> tuple[str, ...]:
    name, digest = record()
    places = [f" @ {(folder / name).as_uri()}" for folder in beside()]
    place = places[0] if places else f"==={version()}"
    file.write_text(f"retouchml-engine{place} --hash=sha256:{digest}\n{more}", encoding="utf-8")
    return ("--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement", str(file))


def beside() -> list[Path]:
    """The folders that have the engine's wheel: in the light package, where that came from, the kept one."""
    name, digest = record()
    kept = [ENGINE_KEPT] if _has_digest(ENGINE_KEPT / name, digest) else []
    folders = dict.fromkeys((*_origins(), *kept))
    return [folder for folder in folders if (folder / name).is_file()]


def _has_digest(wheel: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(wheel.read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def _origins() -> Iterator[Path]:
    yield SOURCE / ENGINE_WHEELS
    # pip and uv note where a package came from (PEP 610)
    for file in SOURCE.glob(f"{_PACKAGE}-*.dist-info/direct_url.json"):
        try:
            url = urlsplit(json.loads(file.read_text(encoding="utf-8"))["url"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if url.scheme == "file":
            path = Path(url2pathname(url.path))
            yield path if path.is_dir() else path.parent


def write_light(folder: Path) -> Path:
    """Pack the light package that runs this into a wheel in ``folder``; its path.

    It says of itself what the installed package says.
    """
    package = SOURCE / _PACKAGE
    paths = sorted(path for path in package.rglob("*") if path.is_file())
    files = {
        f"{_PACKAGE}/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in paths
        if "__pycache__" not in path.parts and SOURCE / ENGINE_WHEELS not in path.parents
    }
    about = f"{_PACKAGE}-{version()}.dist-info"
    files |= {
        f"{about}/METADATA": _metadata(),
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": _SCRIPTS.encode(),
        f"{about}/RECORD": b"",
    }
    wheel = folder / f"{_PACKAGE}-{version()}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), content)
    return wheel


def _metadata() -> bytes:
    try:
        return (SOURCE / f"{_PACKAGE}-{version()}.dist-info" / "METADATA").read_bytes()
    except OSError:  # unpacked without pip, as a plug-in is
        return f"Metadata-Version: 2.1\nName: {_PACKAGE}\nVersion: {version()}\n".encode()


def project_digest() -> str:
    """Digest of all that the environment is made from; when it changes, pip has to run again."""
    total = hashlib.sha256("".join(record()).encode() + requirements.digest().encode())
    for path in sorted((SOURCE / _PACKAGE).rglob("*")):
        # the engine's wheel is in the digest already, whether it lies here or elsewhere
        is_ours = "__pycache__" not in path.parts and SOURCE / ENGINE_WHEELS not in path.parents
        if path.is_file() and is_ours:
            total.update(path.relative_to(SOURCE).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
