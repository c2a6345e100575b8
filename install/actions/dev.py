"""``dev`` and ``test``: the set-up with all tools, and the tests themselves."""

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from install import processes
from install.actions.base import Action, add_torch_index
from install.checkout import PYTHON
from install.console import Console
from install.data_folders import write_record
from install.environment.fetch_models import fetch_models
from install.environment.virtual_environment import set_up


class Development(Action):
    """Sets everything up for work on RetouchML itself."""

    summary = "set everything up for work on RetouchML"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare where torch comes from."""
        add_torch_index(parser)

    def run(self, arguments: argparse.Namespace, console: Console) -> int:
        """Install the packages, the tools for tests and the models. Raises InstallError."""
        self.set_up(console, arguments.torch_index)
        return 0

    @staticmethod
    def set_up(console: Console, torch_index: str | None, *, newest: bool = False) -> None:
        """Install the packages, the tools for tests and the models. Raises InstallError.

        newest: the newest versions, in place of those that were tested
        """
        set_up(console, dev=True, torch_index=torch_index, newest=newest)
        write_record(keep_valid=True)  # whoever tests a clone goes on retouching with another
        fetch_models(console, for_tests=True)


class Tests(Development):
    """Sets everything up and runs pytest."""

    summary = "set everything up and run the tests"
    passes_to_pytest = True

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options beside pytest's own."""
        super().add_arguments(parser)
        parser.add_argument(
            "--newest",
            action="store_true",
            help="with the newest versions of all packages, not those that were tested",
        )
        parser.add_argument(
            "--editors",
            action="store_true",
            help="also in real editors, which are set up first (root on Debian)",
        )
        parser.add_argument(
            "--next", action="store_true", help="with --editors: also in their coming versions"
        )
        parser.add_argument(
            "--if-possible",
            action="store_true",
            help="with --editors: go on without an editor that cannot be set up, and say so",
        )

    def run(self, arguments: argparse.Namespace, console: Console) -> int:
        """Run the tests; the exit code is pytest's. Raises InstallError."""
        environment = processes.environment()
        if arguments.editors or arguments.next:
            variables, code = _set_up_editors(also_next=arguments.next, if_possible=arguments.if_possible)
            if code != 0:
                return code
            environment |= variables
        self.set_up(console, arguments.torch_index, newest=arguments.newest)
        return processes.foreground([PYTHON, "-m", "pytest", *arguments.pytest], env=environment)


def _set_up_editors(*, also_next: bool, if_possible: bool) -> tuple[dict[str, str], int]:
    """The environment variables for tests in real editors, and the exit code of setting these up."""
    options = [*(["--next"] if also_next else []), *(["--if-possible"] if if_possible else [])]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "variables.json"
        # a process of its own: the installer imports nothing of the tests
        code = processes.foreground([sys.executable, "-m", "tests.editors.setup", file, *options])
        return (json.loads(file.read_text(encoding="utf-8")) if code == 0 else {}), code
