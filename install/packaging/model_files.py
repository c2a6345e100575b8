"""The folder of converted models that any web server can serve, and that ``RETOUCHML_MODELS_URL`` names.

Each file lies under its hash, as the table of models has it; ``index.json`` says what there is, and
``SHA256SUMS`` lets whoever copies the folder check it.
"""

import hashlib
import json
import shutil
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from install.checkout import ZOO
from install.console import Tick
from install.errors import InstallError
from retouchml.system.file_names import MODELS_INDEX, hosted_place
from retouchml.system.files import write_atomically

SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class _File:
    """A file of a model, and where it lies in the folder."""

    source: Path
    place: str
    sha256: str
    size: int


def write(sources: Sequence[Path], target: Path, tick: Tick = lambda: None) -> int:
    """Copy the default models into ``target``; the bytes of all its files.

    sources: folders of models; of those that have a model the first one counts

    Files of other versions in ``target`` stay. Raises InstallError if a model is missing, or was converted to
    other bytes than the table says: then the table needs the new hashes, and a new revision.
    """
    index: dict[str, Any] = {}
    placed: list[_File] = []
    for row in tomllib.loads(ZOO.read_text(encoding="utf-8"))["model"]:
        if not row.get("default"):
            continue
        source = next((each for each in sources if (each / row["name"]).is_dir()), sources[-1])
        files = [_file(row["name"], file, source) for file in row.get("converted") or row["files"]]
        placed += files
        index[row["name"]] = {
            **{name: row[name] for name in ("title", "licence", "source")},
            "revision": row.get("revision", 0),
            "files": [{"path": file.place, "sha256": file.sha256, "size": file.size} for file in files],
        }
    for file in placed:
        tick()
        goal = target / file.place
        if not (goal.is_file() and _digest(goal) == file.sha256):
            goal.parent.mkdir(parents=True, exist_ok=True)
            draft = goal.with_name(f".{goal.name}.part")
            shutil.copyfile(file.source, draft)
            draft.chmod(0o644)
            draft.replace(goal)
    lines = "".join(f"{file.sha256}  {file.place}\n" for file in sorted(placed, key=lambda each: each.place))
    write_atomically(target / SUMS, lines.encode(), 0o644)
    # last: a folder with it is whole
    write_atomically(target / MODELS_INDEX, (json.dumps({"models": index}, indent=1) + "\n").encode(), 0o644)
    return sum(file.size for file in placed)


def _file(model: str, row: dict[str, Any], models: Path) -> _File:
    path = models / model / str(row["name"])
    wanted = str(row.get("sha256", ""))
    if not path.is_file():
        raise InstallError(f"The model {model} is not here.", f"`retouchml models fetch {model}` brings it.")
    if (found := _digest(path)) != wanted:
        raise InstallError(
            f"{path} has the SHA-256 {found}, the table of models says {wanted or 'none'}.",
            f"`retouchml models verify {model}` tells whether it is damaged; if not, the conversion changed.",
        )
    return _File(path, hosted_place(model, path.name, wanted), wanted, path.stat().st_size)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
