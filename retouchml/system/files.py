"""Who, beyond this user and the system, could put something else in a file's place.

After OpenSSH's look at the way to a file of keys (``safe_path`` in misc.c), with the exceptions that its
distributors make: folders with the sticky bit, such as /tmp, and groups of this user alone or of
administrators.
"""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "win32":
    from retouchml.system import windows
else:
    import grp
    import pwd

_LONGEST_CHAIN = 40  # of links, as in Linux
_ADMINISTRATORS = {"root", "wheel", "admin"} | ({"staff"} if sys.platform == "linux" else set())


if sys.platform == "win32":
    MAKE_PRIVATE = '`icacls "{}" /inheritance:r /grant:r "%USERNAME%:F"`'

    def is_private(descriptor: int) -> bool:
        """Whether an open file is this user's, and nobody else may read it. Raises OSError."""
        return windows.is_private(descriptor)

    def changeable_by_others(_path: Path) -> Path | None:
        """None: in a user's profile, where all of this lies, nobody else changes anything."""
        return None

else:
    MAKE_PRIVATE = "`chmod 600 {}`"

    def is_private(descriptor: int) -> bool:
        """Whether an open file is this user's, and nobody else may read it. Raises OSError."""
        found = os.fstat(descriptor)
        return found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077

    def changeable_by_others(path: Path) -> Path | None:
        """``path``, or the folder or link on the way to it, that another user may change; None where none is.

        Raises OSError where something on the way is missing.
        """
        return next((step for step in _way(path) if _others_may_change(step)), None)

    def _way(path: Path) -> Iterator[Path]:
        """All that decides what ``path`` means: its folders, and those of every link's target."""
        step = path.absolute()
        for _ in range(_LONGEST_CHAIN):
            real = step.parent.resolve() / step.name
            yield from (step, *step.parents, real, *real.parents)
            if not real.is_symlink():
                return
            step = real.parent / real.readlink()

    def _others_may_change(step: Path) -> bool:
        found = step.lstat()
        # where root is not mapped into a sandbox, the system's files seem to be of whoever owns /
        if found.st_uid not in (0, os.getuid(), Path("/").stat().st_uid):
            return True
        if stat.S_ISLNK(found.st_mode):
            return False
        if stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX:
            return False
        if found.st_mode & stat.S_IWOTH:
            return True
        return bool(found.st_mode & stat.S_IWGRP) and not _is_trusted(found.st_gid)

    def _is_trusted(gid: int) -> bool:
        try:
            group, user = grp.getgrgid(gid), pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return False
        return group.gr_name in _ADMINISTRATORS or (group.gr_name == user and set(group.gr_mem) <= {user})
