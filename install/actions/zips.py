"""``zips``: builds the plug-ins for GIMP and Krita as zips for people without a terminal, into ``dist/``."""

import argparse

from install.actions.base import Action
from install.checkout import PYTHON, TOP
from install.console import Console
from install.editors import wheels
from install.environment.virtual_environment import set_up
from install.packaging import zips


class Zips(Action):
    """Builds both zips."""

    summary = "build the plug-ins' zips, into dist/"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """There is nothing to choose."""

    def run(self, arguments: argparse.Namespace, console: Console) -> int:  # noqa: ARG002
        """Build them. Raises InstallError."""
        set_up(console, dev=False)
        vendored = wheels.for_zips(console)
        with console.step("the two zips") as tick:
            built = zips.build(TOP / "dist", PYTHON, vendored, tick)
        for archive in built:
            console.say(f"{archive.stat().st_size / 1e6:9.2f} MB  {archive}")
        return 0
