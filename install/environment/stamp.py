"""The record of what the virtual environment holds: nothing is installed twice, nothing half made is used."""

import hashlib
import json
import sys
from dataclasses import asdict, dataclass

from install.checkout import HOME, IS_PACKAGED, STAMP, TOP
from install.environment import engine_wheel, requirements
from retouchml.system.files import write_atomically

NEWEST = "newest"
"""What stands for a digest and a torch that pip chose itself."""


@dataclass(frozen=True)
class Stamp:
    """The state of the virtual environment, written into it after every finished step.

    checkout: the place that it was made for, `HOME`; one that was moved does not work
    python:   minor version of its interpreter, such as "3.11"
    busy:     pip is changing the environment, or was killed while it did
    torch:    version of torch and kind of build, such as "2.13.0 cpu"; "" before torch is installed
    index:    digest of the index that torch was taken from, "" for the ordinary one
    project:  digest of what the project's installation depends on; `NEWEST` for the newest versions
    dev:      whether the tools for tests are installed
    device:   what the user said that torch is to use; "" for nothing
    """

    checkout: str
    python: str
    busy: bool = False
    torch: str = ""
    index: str = ""
    project: str = ""
    dev: bool = False
    device: str = ""

    @classmethod
    def fresh(cls) -> "Stamp":
        """The stamp of an environment that this Python has just made."""
        return cls(str(HOME), ".".join(map(str, sys.version_info[:2])))

    def fits(self) -> bool:
        """Whether the environment belongs to this checkout and this Python, and is complete."""
        now = Stamp.fresh()
        # whatever Python the light wheel lies in today, the environment has one of its own
        same_python = IS_PACKAGED or self.python == now.python
        return self.checkout == now.checkout and same_python and not self.busy


def read() -> Stamp | None:
    """The stamp; None if there is none or it cannot be understood."""
    try:
        return Stamp(**json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write(stamp: Stamp) -> None:
    """Replace the stamp in one go."""
    content = json.dumps(asdict(stamp), indent=2) + "\n"
    write_atomically(STAMP, content.encode(), durable=False)


def project_digest() -> str:
    """Digest of ``pyproject.toml``, the requirements files and the top-level packages.

    When it changes, pip has to run again.
    """
    if IS_PACKAGED:
        return engine_wheel.project_digest()
    # the editable installation lists the packages one by one, and would not see a new one
    packages = sorted(folder.parent.name for folder in TOP.glob("*/__init__.py"))
    content = (
        (TOP / "pyproject.toml").read_bytes() + "\n".join(packages).encode() + requirements.digest().encode()
    )
    return hashlib.sha256(content).hexdigest()


def index_digest(index: str | None) -> str:
    """Digest of an index's address, which may hold a password; "" for none."""
    return hashlib.sha256(index.encode()).hexdigest() if index else ""
