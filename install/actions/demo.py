"""``demo``: everything from nothing to a retouched portrait."""

import argparse
from pathlib import Path

from install import processes
from install.checkout import COMMAND, DEMO, PORTRAIT, PYTHON
from install.console import Console
from install.data_folders import write_record
from install.environment.fetch_models import fetch_models
from install.environment.virtual_environment import set_up
from install.problem import Problem


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Set everything up, retouch the bundled portrait and say where before and after lie."""
    set_up(console, dev=False, torch_index=arguments.torch_index)
    write_record()
    fetch_models(console)
    after, both = DEMO / "after.png", DEMO / "before-and-after.png"
    DEMO.mkdir(exist_ok=True)
    with console.step("a portrait, retouched", silent=False):
        command: list[str | Path] = [
            PYTHON,
            "-m",
            "retouchml",
            "beautify",
            PORTRAIT,
            "-o",
            after,
            "--compare",
            both,
            "--force",
        ]
        code = processes.foreground(command, silent=True)
        if code != 0:
            raise Problem("The portrait could not be retouched.", code=max(code, 1))
    console.say()
    console.say(f"before  {PORTRAIT}")
    console.say(f"after   {after}")
    console.say(f"both    {both}")
    console.say()
    console.say(f"A picture of yours: {_quoted(COMMAND)} beautify IN -o OUT")
    return 0


def _quoted(path: Path) -> str:
    text = str(path)
    return f'"{text}"' if " " in text else text
