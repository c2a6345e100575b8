"""Measurements kept on disk: a table of arrays of equal length as one npz file, never pickled."""

import os
import zipfile
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Table = TypeVar("Table", bound="DataclassInstance")


def keep(path: Path, table: "DataclassInstance") -> None:
    """Write the arrays of ``table``, at once or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial.npz")
    try:
        np.savez(partial, **{field.name: getattr(table, field.name) for field in fields(table)})
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def kept(path: Path, kind: type[Table]) -> Table | None:
    """The table that ``keep`` wrote; None where there is none, or it is damaged and has to be made again."""
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
