"""``dev`` and ``test``: the set-up with all tools, and the tests themselves."""

import argparse

import child
from checkout import PYTHON
from console import Console
from data_folders import write_record
from fetch_models import fetch_models
from virtual_environment import set_up


def prepare(arguments: argparse.Namespace, console: Console) -> int:
    """Set everything up for work on RetouchML itself."""
    set_up(console, dev=True, torch_index=arguments.torch_index)
    write_record()
    fetch_models(console, for_tests=True)
    return 0


def run_tests(arguments: argparse.Namespace, console: Console) -> int:
    """Set everything up and run the tests; the exit code is pytest's."""
    prepare(arguments, console)
    return child.foreground([PYTHON, "-m", "pytest", *arguments.pytest])
