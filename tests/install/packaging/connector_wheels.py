"""Real wheels of what connects to another machine, and the list of their hashes, in place of the network."""

import csv
import hashlib
import sysconfig
import zipfile
from pathlib import Path

_NEEDED = ("msgpack", "platformdirs", "pyzmq")
_WITH_EXTENSIONS = "pyzmq"


def offer(packages: Path, files: Path, unpacked: "Path | None" = None) -> None:
    """Put the wheels into ``packages``, and the list into the set-up whose files these are.

    unpacked: a folder with the packages as they are installed; those of this Python by default. Only pyzmq
    keeps its extension, so the others are for every Python.
    """
    source = unpacked or Path(sysconfig.get_path("purelib"))
    lines = []
    for name in _NEEDED:
        wheel = _pack(name, source, packages)
        version = wheel.name.split("-")[1]
        lines.append(f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    (files / "install" / "requirements" / "editors.txt").write_text("".join(lines))


def _pack(name: str, source: Path, folder: Path) -> Path:
    """A wheel of an installed package, as it was before it was installed."""
    (info,) = source.glob(f"{name}-*.dist-info")
    text = (info / "WHEEL").read_text(encoding="utf-8")
    tag = next(line.split()[1] for line in text.splitlines() if line.startswith("Tag:"))
    if name != _WITH_EXTENSIONS:
        tag = "py3-none-any"
    wheel = folder / f"{info.name.removesuffix('.dist-info')}-{tag}.whl"
    with (
        (info / "RECORD").open(encoding="utf-8", newline="") as record,
        zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for place, *_ in csv.reader(record):
            is_kept = name == _WITH_EXTENSIONS or not place.endswith(".so")
            if is_kept and ".." not in place and "__pycache__" not in place and (source / place).is_file():
                archive.write(source / place, place)
    return wheel
