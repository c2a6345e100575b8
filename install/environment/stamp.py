"""What the virtual environment holds, so that nothing is installed twice and nothing half made is used."""

import hashlib
import json
import sys
from dataclasses import asdict, dataclass

from install.checkout import STAMP, TOP
from retouchml.system.files import write_atomically


@dataclass(frozen=True)
class Stamp:
    """Written into the virtual environment after every finished step.

    checkout: where it was made; one that was moved does not work
    python:   minor version of its interpreter, such as "3.11"
    busy:     pip is changing the environment, or was killed while it did
    torch:    version of torch and what was wished for, such as "2.13.0 cpu"; "" before there is one
    index:    digest of the index that torch was taken from, "" for the ordinary one
    project:  digest of what the project's installation depends on
    dev:      whether the tools for tests are there
    """

    checkout: str
    python: str
    busy: bool = False
    torch: str = ""
    index: str = ""
    project: str = ""
    dev: bool = False

    @classmethod
    def fresh(cls) -> "Stamp":
        """Of a virtual environment that was just made by this Python."""
        return cls(str(TOP), ".".join(map(str, sys.version_info[:2])))

    def fits(self) -> bool:
        """Whether the environment belongs to this checkout and this Python, and is in order."""
        now = Stamp.fresh()
        return (self.checkout, self.python) == (now.checkout, now.python) and not self.busy


def read() -> Stamp | None:
    """The stamp; None where there is none or it cannot be understood."""
    try:
        return Stamp(**json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write(stamp: Stamp) -> None:
    """Replace the stamp in one go."""
    write_atomically(STAMP, (json.dumps(asdict(stamp), indent=2) + "\n").encode())


def project_digest() -> str:
    """Digest of ``pyproject.toml`` and the top-level packages: when either changes, pip has to run again."""
    # the editable installation lists the packages one by one, and would not see a new one
    packages = sorted(folder.parent.name for folder in TOP.glob("*/__init__.py"))
    content = (TOP / "pyproject.toml").read_bytes() + "\n".join(packages).encode()
    return hashlib.sha256(content).hexdigest()


def index_digest(index: str | None) -> str:
    """Digest of an index's address, which may hold a password; "" for none."""
    return hashlib.sha256(index.encode()).hexdigest() if index else ""
