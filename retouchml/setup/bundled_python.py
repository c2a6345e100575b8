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


def bring(bundle: Path, folder: Path, wanted: str) -> str:
    """The Python of a bundle, unpacked below ``folder`` for this user alone; its path.

    wanted: its minor version. "" if the bundle has none for this machine, or it does not run here. Raises
    RetouchError if its SHA-256 is another than the record's, or it would write outside of its own folder.
    """
    try:
        record = json.loads((bundle / PYTHON_RECORD).read_text(encoding="utf-8"))
        name, digest = Path(str(record["file"])).name, str(record["sha256"])
        kind = (record["system"], record["machine"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    if kind != (sys.platform, platform.machine().lower()) or not hasattr(tarfile, "data_filter"):
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"bundle-{digest[:16]}"
    with tempfile.TemporaryDirectory(dir=folder) as draft:
        # nobody else can change the copy between its check and its use
        own = Path(draft, "archive")
        try:
            shutil.copyfile(bundle / name, own)
            is_whole = _sha256(own) == digest
            if is_whole:
                with tarfile.open(own) as archive:
                    archive.extractall(Path(draft, "new"), filter="data")
        except (OSError, tarfile.TarError) as error:
            raise _damaged(bundle) from error
        unpacked = Path(draft, "new", PYTHON_TOP)
        if not is_whole or not unpacked.is_dir():
            raise _damaged(bundle)
        unpacked.chmod(0o700)
        shutil.rmtree(target, ignore_errors=True)
        unpacked.rename(target)
    for interpreter in interpreters(target):
        if python.is_suitable(interpreter, wanted):
            return str(interpreter)
    shutil.rmtree(target, ignore_errors=True)
    return ""


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
