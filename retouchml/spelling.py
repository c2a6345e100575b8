"""Errors on names that do not exist, with the name that was probably meant."""

import difflib
from collections.abc import Iterable

from retouchml.errors import UsageError


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is none of those known; kind: what it should name, such as slider."""
    names = list(known)
    shown = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
    near = difflib.get_close_matches(name[:_LONGEST].lower(), names, n=1)
    question = f" Did you mean {near[0]}?" if near else ""
    return UsageError(f"There is no {kind} called {shown}.{question}", f"There are: {', '.join(names)}.")


_LONGEST = 60  # characters of a name that are shown
