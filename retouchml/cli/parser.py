"""The parser of command lines: an error is short and cannot steer the terminal, whatever was typed."""

import argparse
import sys
from typing import NoReturn

from retouchml.system.terminal import printable, shortened


class Parser(argparse.ArgumentParser):
    """As argparse's, but for the text of its errors."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the error, and exit with 2."""
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: error: {shortened(printable(message))}\n")
