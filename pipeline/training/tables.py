"""Tables on disk: a dataclass of arrays of equal length as one npz file, never pickled."""

import zipfile
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from retouchml.system.files import atomic_file

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Table = TypeVar("Table", bound="DataclassInstance")


def save_table(path: Path, table: "DataclassInstance") -> None:
    """Write the arrays of ``table``, at once or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        np.savez(file, **{field.name: getattr(table, field.name) for field in fields(table)})


def load_table(path: Path, kind: type[Table]) -> Table | None:
    """Read a table of ``save_table``; None if the file is missing or damaged."""
    if not zipfile.is_zipfile(path):
        return None
    columns: list[Any] = []
    try:
        with np.load(path, allow_pickle=False) as file:
            columns += [file[field.name] for field in fields(kind)]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if len({column.shape[:1] for column in columns}) != 1:
        return None
    return kind(*columns)
