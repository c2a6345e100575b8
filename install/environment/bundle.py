"""A bundle: a folder with all that a set-up fetches, for machines without a network.

``wheels/`` has the packages' wheels and the engine's, ``models/`` the models as they lie in the data folder,
and ``bundle.json`` says which version, system and Python they are for. It is written last.
"""

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
        """Copy the models that are not in the data folder yet, each whole or not at all."""
        target = find_folders().models
        missing = [each for each in sorted(self.models.iterdir()) if not (target / each.name).exists()]
        if not missing:
            return
        with console.step("models from the bundle"):
            for source in missing:
                _copy_whole(source, target / source.name)


def write_record(folder: Path, python: str) -> None:
    """Declare a bundle complete."""
    write_atomically(
        folder / RECORD, (json.dumps(asdict(Kind.here(python)), indent=2) + "\n").encode(), 0o644
    )


def copy_models(source: Path, target: Path) -> None:
    """Copy the models of the data folder into a bundle, in place of those that are there."""
    for model in sorted(source.iterdir()):
        if model.is_dir() and (model / "zoo.json").is_file():
            shutil.rmtree(target / model.name, ignore_errors=True)
            _copy_whole(model, target / model.name)


def _copy_whole(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as draft:
        shutil.copytree(source, Path(draft, "model"))
        Path(draft, "model").rename(target)
