"""``python -m daemon``: what clients and the service start; the same as ``retouchml daemon run``."""

import argparse
import sys

from retouchml.errors import RetouchError
from retouchml.system import surroundings
from retouchml.system.terminal import printable


def main() -> int:
    """Do what the command line asks; the exit code."""
    surroundings.settle()
    from daemon import options, start  # here, since they import what PYTHONPATH may hide

    parser = argparse.ArgumentParser(prog="python -m daemon", description=__doc__, allow_abbrev=False)
    options.add_arguments(parser)
    options.add_run_arguments(parser)
    parser.add_argument("--background", action="store_true", help=argparse.SUPPRESS)  # for client.launch
    arguments = parser.parse_args()
    if arguments.background:
        return start.run_in_background(arguments)
    try:
        return start.run_or_detach(arguments)
    except RetouchError as error:
        if sys.stderr is not None:  # None under Windows' pythonw
            sys.stderr.write(f"{printable(error.explain())}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
