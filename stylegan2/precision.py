"""The number types in which a generator can compute.

float16 has 11 significant bits and ends at 65504; bfloat16 has 8 and the range of float32. A network uses
them where most of its work is, at the highest resolutions, and float32 elsewhere.
"""

from typing import Literal

import torch

from retouchml.errors import UsageError

Precision = Literal["float16", "bfloat16", "float32", "float64"]
PRECISIONS: tuple[Precision, ...] = ("float16", "bfloat16", "float32", "float64")
_HALF = {"float16": torch.float16, "bfloat16": torch.bfloat16}


def check_precision(name: str) -> None:
    """Raise UsageError if there is no such precision."""
    if name not in PRECISIONS:
        raise UsageError(f"Precision is {name!r}, but must be one of {', '.join(PRECISIONS)}.")


def half_type(precision: Precision) -> torch.dtype | None:
    """The type of 16 bits that a precision uses; None for the others."""
    return _HALF.get(precision)
