"""The Python in a bundle: an archive as python-build-standalone lays its own out, and a record beside it.

``retouchml setup bundle FOLDER --python`` writes both, and ``setup --from FOLDER`` unpacks the archive into
the data folder where the machine has no Python that fits.
"""

import hashlib
import json
import platform
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from retouchml.errors import RetouchError
from retouchml.setup import python
from retouchml.system.bundles import PYTHON_RECORD, PYTHON_TOP, interpreters
from retouchml.system.failures import is_disk_full


def bring(bundle: Path, folder: Path, wanted: str) -> str:
    """The Python of a bundle, unpacked below ``folder`` for this user alone; its path.

    wanted: its minor version. "" if the bundle has none for this machine, or it does not run here. Raises
    RetouchError if its SHA-256 is another than the record's, it would write outside of its own folder, or it
    cannot be unpacked.
    """
    try:
        record = json.loads((bundle / PYTHON_RECORD).read_text(encoding="utf-8"))
        name, digest = Path(str(record["file"])).name, str(record["sha256"])
        kind = (record["system"], record["machine"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    if kind != (sys.platform, platform.machine().lower()) or not hasattr(tarfile, "data_filter"):
        return ""
    target = folder / f"bundle-{digest[:16]}"
    try:
        _unpack(bundle / name, digest, target)
    except (FileNotFoundError, tarfile.TarError) as error:
        raise _damaged(bundle) from error
    except OSError as error:
        raise RetouchError(
            f"The Python in {bundle} could not be unpacked into {folder}: {error.strerror}.",
            "Make room there and try again." if is_disk_full(error) else "",
        ) from error
    for interpreter in interpreters(target):
        if python.is_suitable(interpreter, wanted):
            return str(interpreter)
    shutil.rmtree(target, ignore_errors=True)
    return ""


def _unpack(archive: Path, digest: str, target: Path) -> None:
    """Unpack the one folder of an archive as ``target``, whole or not at all.

    Raises OSError; and TarError if its SHA-256 is another, or it would write elsewhere.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as draft:
        # nobody else can change the copy between its check and its use
        own, new = Path(draft, "archive"), Path(draft, "new")
        shutil.copyfile(archive, own)
        if _sha256(own) != digest:
            raise tarfile.ReadError("another SHA-256")
        with tarfile.open(own) as file:
            file.extractall(new, filter="data")
        (new / PYTHON_TOP).chmod(0o700)
        shutil.rmtree(target, ignore_errors=True)
        (new / PYTHON_TOP).rename(target)


def _sha256(file: Path) -> str:
    total = hashlib.sha256()  # hashlib.file_digest is of Python 3.11
    with file.open("rb") as stream:
        while part := stream.read(1 << 20):
            total.update(part)
    return total.hexdigest()


def _damaged(bundle: Path) -> RetouchError:
    return RetouchError(
        f"The Python in {bundle} is damaged, or is another one than its record says.",
        "Write the bundle again, on a machine of the same kind.",
    )
