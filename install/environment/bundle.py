"""A bundle: a folder with all that a set-up fetches, for machines without a network.

``wheels/`` has the packages' wheels and the engine's, ``models/`` the models as they lie in the data folder,
and ``bundle.json`` says which version, system and Python they are for. It is written last. A Python may be in
it, too: ``bundled_python``.
"""

import hashlib
import json
import os
import platform
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from install.console import Console
from install.data_folders import find_folders
from install.environment import engine_wheel
from install.errors import InstallError
from retouchml.system.files import write_atomically

RECORD = "bundle.json"
_MODEL_RECORD = "zoo.json"  # as ``stylegan2.zoo`` writes it
_ADVICE = "Write it again with `retouchml setup bundle FOLDER`, on a machine of the same kind."


@dataclass(frozen=True)
class Kind:
    """What a bundle is for: RetouchML's version, the system, its processor, and Python's minor version."""

    version: str
    system: str
    machine: str
    python: str

    @classmethod
    def here(cls, python: str = "") -> "Kind":
        """That of this machine, and of this Python or another version."""
        own = ".".join(map(str, sys.version_info[:2]))
        return cls(engine_wheel.version(), sys.platform, platform.machine().lower(), python or own)

    def __str__(self) -> str:
        return f"RetouchML {self.version}, Python {self.python}, {self.system} on {self.machine}"


@dataclass(frozen=True)
class Bundle:
    """A complete bundle."""

    folder: Path

    @classmethod
    def read(cls, folder: Path) -> "Bundle":
        """The bundle in a folder. Raises InstallError if it is none, or one for another machine."""
        folder = folder.expanduser().absolute()
        try:
            kind = Kind(**json.loads((folder / RECORD).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise InstallError(f"{folder} is no complete bundle.", _ADVICE) from error
        if kind != Kind.here():
            raise InstallError(f"{folder} is for {kind}; this is {Kind.here()}.", _ADVICE)
        return cls(folder)

    @property
    def wheels(self) -> Path:
        """The folder of the wheels."""
        return self.folder / "wheels"

    @property
    def models(self) -> Path:
        """The folder of the models."""
        return self.folder / "models"

    def pip_settings(self) -> dict[str, str]:
        """The environment variables by which pip takes wheels from here alone."""
        # an address, for pip splits the variable at spaces
        links = self.wheels.as_uri()
        return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": links, "PIP_CONFIG_FILE": os.devnull}

    def copy_models(self, console: Console) -> None:
        """Copy the models that the data folder lacks, or has damaged, each whole or not at all.

        A damaged one in the bundle is named and left out: the next step fetches it, or fails.
        """
        target = find_folders().models
        wanted = [each for each in sorted(self.models.iterdir()) if damage(target / each.name)]
        if not wanted:
            return
        spoilt: list[str] = []
        with console.step("models from the bundle"):
            for source in wanted:
                if file := damage(source):
                    spoilt.append(f"{source.name} ({file})")
                    continue
                _copy_whole(source, target / source.name)
        if spoilt:
            console.error(f"Damaged in the bundle, and not taken from there: {', '.join(spoilt)}.")


def write_record(folder: Path, python: str) -> None:
    """Declare a bundle complete."""
    write_atomically(
        folder / RECORD, (json.dumps(asdict(Kind.here(python)), indent=2) + "\n").encode(), 0o644
    )


def copy_models(source: Path, target: Path) -> None:
    """Copy the models of the data folder into a bundle, in place of those that are there."""
    for model in sorted(source.iterdir()):
        if model.is_dir() and not damage(model):
            shutil.rmtree(target / model.name, ignore_errors=True)
            _copy_whole(model, target / model.name)


def damage(model: Path) -> str:
    """The file of a model's folder that is missing or not as its record says; "" if all are whole."""
    try:
        files = json.loads((model / _MODEL_RECORD).read_text(encoding="utf-8"))["files"]
        for file in files:
            if not _has_digest(model / str(file["name"]), str(file["sha256"])):
                return str(file["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return _MODEL_RECORD
    return ""


def _has_digest(file: Path, sha256: str) -> bool:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _copy_whole(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as draft:
        shutil.copytree(source, Path(draft, "model"))
        if target.exists():
            target.rename(Path(draft, "damaged"))
        Path(draft, "model").rename(target)
