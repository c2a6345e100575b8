"""``wheels``: builds the two wheels that ``pip install`` and ``retouchml setup`` take, into ``dist/``."""

import argparse

from install.actions.base import Action
from install.checkout import PYTHON, TOP
from install.console import Console
from install.environment.virtual_environment import set_up
from install.packaging import wheels


class Wheels(Action):
    """Builds the light wheel and the engine's."""

    summary = "build the two wheels, into dist/"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """There is nothing to choose."""

    def run(self, arguments: argparse.Namespace, console: Console) -> int:  # noqa: ARG002
        """Build them. Raises InstallError."""
        set_up(console, dev=False)
        with console.step("the two wheels") as tick:
            built = wheels.build(TOP / "dist", PYTHON, tick)
        for wheel in built:
            console.say(f"{wheel.stat().st_size / 1e6:9.2f} MB  {wheel}")
        return 0
