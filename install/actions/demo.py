"""``demo``: everything from a fresh clone to a retouched portrait."""

import argparse
from pathlib import Path

from install import processes, running_daemon
from install.actions.base import Action, add_torch_index
from install.checkout import COMMAND, DEMO, PORTRAIT, PYTHON
from install.console import Console
from install.data_folders import write_record
from install.environment.fetch_models import fetch_models
from install.environment.virtual_environment import set_up
from install.errors import InstallError


class Demo(Action):
    """Sets everything up, retouches the bundled portrait and says where before and after lie."""

    summary = "set everything up and retouch a bundled portrait"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare where torch comes from, and the repair."""
        parser.add_argument("--repair", action="store_true", help="make the environment anew")
        add_torch_index(parser)

    def run(self, arguments: argparse.Namespace, console: Console) -> int:
        """Set up and retouch; the exit code. Raises InstallError."""
        if arguments.repair:  # a daemon may run, whose files will be replaced
            running_daemon.stop(console)
        set_up(console, dev=False, torch_index=arguments.torch_index, anew=arguments.repair)
        write_record()
        fetch_models(console)
        after, comparison = DEMO / "after.png", DEMO / "before-and-after.png"
        DEMO.mkdir(exist_ok=True)
        retouch: list[str | Path] = [PYTHON, "-m", "retouchml", "beautify", PORTRAIT, "-o", after]
        with console.step("a portrait, retouched", silent=False):
            code = processes.foreground([*retouch, "--compare", comparison, "--force"], silent=True)
            if code != 0:
                raise InstallError("The portrait could not be retouched.", code=max(code, 1))
        console.say()
        console.say(f"before  {PORTRAIT}")
        console.say(f"after   {after}")
        console.say(f"both    {comparison}")
        console.say()
        console.say(f"A picture of yours: {_quoted(COMMAND)} beautify IN -o OUT")
        return 0


def _quoted(path: Path) -> str:
    text = str(path)
    return f'"{text}"' if " " in text else text
