"""``python -m tests.editors.setup FILE``: sets up real editors; FILE gets what their tests have to know.

It is a JSON object of environment variables. ``python3 install test --editors`` runs this.
"""

import argparse
import json
import sys
from pathlib import Path

from install.console import Console
from install.errors import InstallError
from tests.editors.setup import editors

_INTERRUPTED = 130


def main() -> int:
    """Set up the editors; the exit code."""
    parser = argparse.ArgumentParser(prog="tests.editors.setup", allow_abbrev=False)
    parser.add_argument("file", type=Path)
    parser.add_argument("--next", action="store_true")
    parser.add_argument("--if-possible", action="store_true")
    arguments = parser.parse_args()
    console = Console()
    try:
        variables = editors.provide(console, also_next=arguments.next, if_possible=arguments.if_possible)
    except InstallError as error:
        console.error(error.explain())
        return error.code
    except KeyboardInterrupt:  # the installer, which is interrupted as well, says so
        return _INTERRUPTED
    arguments.file.write_text(json.dumps(variables), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
