"""``python -m daemon``: what clients start; the same as ``retouchml daemon run``."""

import argparse
import sys

from daemon import main, options
from retouchml.errors import RetouchError


def run() -> int:
    """Do what the command line asks; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m daemon", description=__doc__, allow_abbrev=False)
    options.add_arguments(parser)
    arguments = parser.parse_args()
    try:
        return main.run(options.from_arguments(arguments), detach=arguments.detach)
    except RetouchError as error:
        if sys.stderr is not None:  # as under Windows' pythonw
            sys.stderr.write(f"{error.explain()}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(run())
