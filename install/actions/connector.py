"""``connector``: what a plug-in from a zip needs to work with another machine, and no engine for it."""

import argparse
from pathlib import Path

from install.actions.base import Action, Part, existing
from install.console import Console
from install.data_folders import Folders
from install.environment import connector
from retouchml.system.file_names import CONNECTOR


class Connector(Action, Part):
    """Fetches ZeroMQ for the Python that runs this. An editor's welcome page calls it."""

    summary = "fetch what connects a plug-in to another machine"
    title = "what connects editors to another machine"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """It has no options."""

    def run(self, arguments: argparse.Namespace, console: Console) -> int:  # noqa: ARG002
        """Fetch it; the exit code. Raises InstallError."""
        console.say(f"What connects to another machine is in {connector.add(console)}.")
        return 0

    def installed(self, folders: Folders) -> list[Path]:
        """Its folder."""
        return existing([folders.data / CONNECTOR])
