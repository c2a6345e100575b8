"""Rows of figures for tests."""

from dataclasses import fields

from benchmarks.quality.row import Row
from benchmarks.quality.table import Measured


def measured(photo: str = "a.png", strength: float = 1.0, **figures: float) -> Measured:
    """A row in which every figure that is not given is 1."""
    values = {field.name: 1.0 for field in fields(Row)}
    row = Row(**{**values, "untouched": True, **figures})  # type: ignore[arg-type]
    return Measured(photo, strength, row)
