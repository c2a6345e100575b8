"""``dev`` and ``test``: the set-up with all tools, and the tests themselves."""

import argparse

from install import processes
from install.checkout import PYTHON
from install.console import Console
from install.data_folders import write_record
from install.environment.fetch_models import fetch_models
from install.environment.virtual_environment import set_up


def prepare(arguments: argparse.Namespace, console: Console) -> int:
    """Set everything up for work on RetouchML itself."""
    set_up(console, dev=True, torch_index=arguments.torch_index)
    write_record(keep=True)  # whoever tests a clone goes on retouching with another
    fetch_models(console, for_tests=True)
    return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``test`` takes beside pytest's own arguments."""
    parser.add_argument("--torch-index", metavar="URL", help="take torch from this package index")
    parser.add_argument(
        "--editors", action="store_true", help="also in real editors, which are set up first (root on Debian)"
    )
    parser.add_argument("--next", action="store_true", help="with --editors: also in their coming versions")
    parser.add_argument(
        "--if-possible",
        action="store_true",
        help="with --editors: go on without an editor that cannot be set up, and say so",
    )


def run_tests(arguments: argparse.Namespace, console: Console) -> int:
    """Set everything up and run the tests; the exit code is pytest's."""
    editors = arguments.editors or arguments.next
    environment = processes.environment()
    if editors:
        # here: nothing else of the installer needs the tests
        from tests.editors.setup import editors as real_editors

        environment |= real_editors.provide(
            console, also_next=arguments.next, if_possible=arguments.if_possible
        )
    prepare(arguments, console)
    return processes.foreground([PYTHON, "-m", "pytest", *arguments.pytest], env=environment)
