"""``python -m retouchml``: the same as the ``retouchml`` command."""

import sys
from pathlib import Path


def _forget_working_folder() -> None:
    """Import nothing from the working folder: its ``pipeline.py`` is not ours.

    ``python -m`` puts that folder first, unless this package itself is imported from there.
    """
    first = sys.path[0] if sys.path and not getattr(sys.flags, "safe_path", False) else ""
    top = Path(__file__).resolve().parents[1]
    try:
        is_working_folder = bool(first) and Path(first).resolve() == Path.cwd()
    except OSError:  # it is gone
        is_working_folder = False
    if is_working_folder and Path(first).resolve() != top:
        del sys.path[0]


if __name__ == "__main__":
    _forget_working_folder()
    from retouchml.cli.main import main

    sys.exit(main())
