"""Readers of single fields of a message, which check type and range.

Each takes the map and the name of the field. ``protocol`` reads whole headers.
"""

import math
from collections.abc import Mapping
from typing import Any

from retouchml.errors import LimitExceeded, ProtocolError


def take_int(fields: Mapping[str, Any], name: str, low: int, high: int) -> int:
    """Read a whole number from ``low`` to ``high``.

    Raises ProtocolError, or LimitExceeded if it is too large.
    """
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise ProtocolError(f"{name} must be a whole number from {low} to {high}.")
    if value > high:
        raise LimitExceeded(f"{name} is {value}, but may be {high} at most.")
    return value


def take_float(
    fields: Mapping[str, Any], name: str, default: float, low: float = -math.inf, high: float = math.inf
) -> float:
    """Read a number from ``low`` to ``high``; NaN is refused. Raises ProtocolError."""
    value = fields.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        limits = f" from {low:g} to {high:g}" if low > -math.inf else ""
        raise ProtocolError(f"{name} must be a number{limits}.")
    return float(value)


def take_str(fields: Mapping[str, Any], name: str, longest: int) -> str:
    """Read a string of ``longest`` characters at most. Raises ProtocolError."""
    value = fields.get(name)
    if not isinstance(value, str) or len(value) > longest:
        raise ProtocolError(f"{name} must be a string of {longest} characters at most.")
    return value


def take_bool(fields: Mapping[str, Any], name: str) -> bool:
    """Read true or false, False if it is missing. Raises ProtocolError."""
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise ProtocolError(f"{name} must be true or false.")
    return value


def take_list(fields: Mapping[str, Any], name: str, longest: int) -> list[Any]:
    """Read a list of ``longest`` items at most. Raises ProtocolError or LimitExceeded."""
    value = fields.get(name)
    if not isinstance(value, list):
        raise ProtocolError(f"{name} must be a list.")
    if len(value) > longest:
        raise LimitExceeded(f"{name} has {len(value)} items, but may have {longest} at most.")
    return value


def take_map(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Read a map. Raises ProtocolError."""
    value = fields.get(name)
    if not isinstance(value, dict):
        raise ProtocolError(f"{name} must be a map.")
    return value


def take_number(fields: Mapping[str, Any], name: str) -> float:
    """Read a number, which may be NaN or infinite. Raises ProtocolError."""
    value = fields.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ProtocolError(f"{name} must be a number.")
    return float(value)
