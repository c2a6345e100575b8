"""``retouchml setup``: what it asks the installer to do."""

import argparse

import pytest

from retouchml.cli import setup
from retouchml.errors import UsageError


def _words(*command: str) -> list[str]:
    parser = argparse.ArgumentParser()
    setup.add_parser(parser.add_subparsers())
    return setup._words(parser.parse_args(["setup", *command]))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ([], ["engine"]),
        (["engine"], ["engine"]),
        (["--device", "auto"], ["engine", "--device", "auto"]),
        (["gimp"], ["gimp"]),
        (["--remove", "--yes"], ["uninstall", "--yes"]),
        (["engine", "--remove", "--yes"], ["uninstall", "environment", "--yes"]),
        (["bundle", "somewhere", "--remove"], ["uninstall", "bundle"]),  # which the installer refuses
        (["service"], ["service"]),
        (["service", "--remove"], ["uninstall", "service"]),
        (["gimp", "--remove"], ["uninstall", "gimp"]),
    ],
)
def test_only_a_removal_that_names_nothing_removes_everything(command: list[str], words: list[str]) -> None:
    assert _words(*command) == words


def test_a_python_goes_into_a_bundle_alone() -> None:
    words = _words("bundle", "somewhere", "--python")
    assert (words[0], words[2:]) == ("bundle", ["--python"])
    for command in (["--python"], ["gimp", "--python"], ["bundle", "somewhere", "--python", "--remove"]):
        with pytest.raises(UsageError, match="--python is for a bundle"):
            _words(*command)
