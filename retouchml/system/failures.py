"""Errors of the operating system that have a meaning of their own, and errors that nothing expects."""

import errno
from collections.abc import Callable

UNEXPECTED = "This should not have happened ({error})."
"""The sentence for an error that nothing expects: a bug."""


def unexpected(error: BaseException, translate: "Callable[[str], str]" = str) -> str:
    """The sentence for an error that nothing expects, in the language of ``translate``."""
    return translate(UNEXPECTED).format(error=repr(error))


def is_disk_full(error: OSError) -> bool:
    """Whether the disk, or the user's share of it, has no room left."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
