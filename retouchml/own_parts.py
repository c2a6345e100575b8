"""The sliders and the scorers that the user trained: what the heads of their files say.

A file is ``weights/SPACE/KIND/NAME.safetensors`` in the data folder; SPACE is the latent space that it fits.
Its head is JSON, so that editors can list what is there without torch. A file that makes no sense is left
out: ``pipeline.taste.judgement`` says why when it is used.
"""

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from retouchml.errors import UsageError
from retouchml.system import files

Kind = Literal["sliders", "scorers"]
SLIDERS: Kind = "sliders"
SCORERS: Kind = "scorers"
STANDARD = "standard"
"""The scorer that comes with RetouchML."""
VERSION = "1"  # of the files
SUFFIX = ".safetensors"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_LONGEST_HEAD = 1 << 16  # bytes
_MOST = 64  # files of a kind that are looked at
_LONGEST_TEXT = 80  # characters of a title


@dataclass(frozen=True)
class OwnPart:
    """A part of the user's own. space: the latent space that it fits; facts: what its head says of it."""

    name: str
    space: str
    path: Path
    facts: Mapping[str, str]

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.facts.get("title", "")[:_LONGEST_TEXT] or self.name


def own_parts(kind: Kind) -> tuple[OwnPart, ...]:
    """The user's own parts of a kind, by name."""
    from retouchml import paths  # imports platformdirs, which editors may lack

    try:
        found = sorted(
            paths.weights_dir().glob(f"*/{kind}/*{SUFFIX}"),
            key=lambda path: (path.stem, path.parent.parent.name),
        )
    except OSError:
        return ()
    parts = (_part(path, kind) for path in found[:_MOST])
    return tuple(part for part in parts if part is not None)


def place(kind: Kind, space: str, name: str) -> Path:
    """The file of a part of a name."""
    from retouchml import paths

    return paths.weights_dir() / space / kind / f"{name}{SUFFIX}"


def scorer_names() -> tuple[str, ...]:
    """The names that ``--scorer`` takes, the standard one first."""
    return (STANDARD, *dict.fromkeys(part.name for part in own_parts(SCORERS)))


def check_name(name: str, taken: "tuple[str, ...]" = ()) -> str:
    """The name, if a part may have it. Raises UsageError. taken: names that mean something else."""
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            f"{name!r} cannot be a name.", "Use small letters, digits and _, 32 at most, such as round_face."
        )
    if name in taken:
        raise UsageError(f"{name} already means something else.", "Choose another name.")
    return name


def _part(path: Path, kind: Kind) -> "OwnPart | None":
    try:
        facts = _facts(path)
    except (OSError, ValueError, struct.error, RecursionError):
        return None
    is_known = facts.get("kind") == kind and facts.get("version") == VERSION
    if not is_known or _NAME.fullmatch(path.stem) is None:
        return None
    return OwnPart(path.stem, path.parent.parent.name, path, facts)


def _facts(path: Path) -> "dict[str, str]":
    """The metadata in the head of a safetensors file: its length in 8 bytes, then JSON."""
    with files.open_regular(path) as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > _LONGEST_HEAD:
            raise ValueError(length)
        head: Any = json.loads(file.read(length))
    facts = head.get("__metadata__") if isinstance(head, dict) else None
    if not isinstance(facts, dict) or not all(isinstance(value, str) for value in facts.values()):
        raise ValueError(path)
    return facts
