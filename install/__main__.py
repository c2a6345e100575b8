"""``python3 install WHAT``: sets RetouchML up in this checkout; ``python3 install --help`` says more.

This file alone must be understood by every Python 3, so that it can say which one is needed.
"""

import os
import sys
from pathlib import Path

OLDEST = (3, 11)  # as in pyproject.toml and retouchml.cli.doctor_checks, which cannot be read here
_NEWEST_LOOKED_FOR = 20


def newer_python() -> str:
    """The name of a Python on this machine that is new enough, or "python3.11"."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    for minor in range(_NEWEST_LOOKED_FOR, OLDEST[1] - 1, -1):
        name = f"python3.{minor}"
        if any(os.access(f"{folder}/{name}", os.X_OK) for folder in folders):
            return name
    return f"python3.{OLDEST[1]}"


def main() -> int:
    """Run the installer, if this Python is new enough for it."""
    if sys.version_info[:2] < OLDEST:
        oldest, this = (".".join(map(str, version)) for version in (OLDEST, sys.version_info[:3]))
        again = " ".join([newer_python(), "install", *sys.argv[1:]])
        sys.stderr.write(
            f"RetouchML needs Python {oldest} or newer, and this one is {this}. "
            f"Install a newer one if there is none, then run: {again}\n"
        )
        return 1
    # the folder above takes the place of this one, so that the installer is a package like any other
    top = Path(__file__).resolve().parent.parent
    sys.path[0] = str(top)
    if not (top / "retouchml").is_dir():  # in the light wheel, in retouchml/setup/files
        sys.path.append(str(top.parents[2]))
    from install import cli

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
