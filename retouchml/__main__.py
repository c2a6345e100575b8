"""``python -m retouchml``: the same as the ``retouchml`` command."""

import sys

from retouchml.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
