"""``release``: builds all that a release publishes into ``dist/release``, and checks it."""

import argparse
from pathlib import Path

from install.actions.base import Action
from install.checkout import PYTHON, TOP
from install.console import Console
from install.data_folders import find_folders
from install.editors.wheels import for_zips
from install.environment.virtual_environment import set_up
from install.packaging import release

_HOME = "https://retouchml.example"


class BuildRelease(Action):
    """Builds wheels, packages, descriptions and the folder of models."""

    summary = "build all that a release publishes, into dist/release/"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the folder, the address and what can be left out."""
        parser.add_argument(
            "folder", nargs="?", type=Path, metavar="FOLDER", default=TOP / "dist" / "release"
        )
        parser.add_argument(
            "--home", metavar="URL", default=_HOME, help="the page where it will be published"
        )
        parser.add_argument(
            "--without-models", action="store_true", help="write no folder of models (203 MB)"
        )

    def run(self, arguments: argparse.Namespace, console: Console) -> int:
        """Build. Raises InstallError."""
        set_up(console, dev=False)
        models = None if arguments.without_models else find_folders().models
        folder = arguments.folder.expanduser().absolute()
        made = release.build(folder, PYTHON, arguments.home.rstrip("/"), models, for_zips(console), console)
        for file in made.files:
            console.say(f"{file.stat().st_size / 1e6:9.2f} MB  {file.name}")
        for sentence in made.skipped:
            console.say(sentence)
        if not made.day:
            console.say(
                f"The changelog says that {made.version} is unreleased: write the day before you publish."
            )
        console.say(f"RetouchML {made.version} is in {folder}.")
        return 0
