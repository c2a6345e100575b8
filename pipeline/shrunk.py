"""Fields with fewer pixels, for previews: each is the mean over squares of the field's own pixels."""

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_COARSE = 448  # pixels; the least side of a crop that has a half of its pixels in each direction
_Fields = TypeVar("_Fields", bound="DataclassInstance")


def coarse_factor(size: int) -> int:
    """By how much the sides of a crop of side ``size`` may be divided for what is smooth."""
    return 2 if size >= 2 * _COARSE else 1


def shrunk(field: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """A field [H / factor, W / factor(, C)] of a field [H, W(, C)], whose sides ``factor`` divides."""
    height, width = field.shape[:2]
    size = (width // factor, height // factor)
    return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_AREA), np.float32)


def with_fields_shrunk(whole: _Fields, shape: tuple[int, int], factor: int) -> _Fields:
    """A dataclass whose arrays [H, W(, C)] of a shape (H, W) are shrunk; whatever else it holds stays."""
    assert is_dataclass(whole)
    values = {each.name: getattr(whole, each.name) for each in fields(whole)}
    return replace(
        whole,
        **{
            name: shrunk(value, factor)
            for name, value in values.items()
            if isinstance(value, np.ndarray) and value.shape[:2] == shape
        },
    )
