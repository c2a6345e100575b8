"""Reads TOML with any Python that editors embed."""

from typing import Any


def loads(text: str) -> dict[str, Any]:
    """The table in a text.

    Raises ValueError or RecursionError if it is no TOML, ModuleNotFoundError if this Python has no reader.
    """
    try:
        import tomllib
    except ModuleNotFoundError:  # Python 3.10, as Krita embeds it: the installer puts this one beside it
        import tomli as tomllib  # type: ignore[import-not-found,no-redef,unused-ignore]
    table: dict[str, Any] = tomllib.loads(text)
    return table
