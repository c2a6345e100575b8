"""``engine``: the light wheel's set-up of the engine, in an environment of its own in the data folder."""

import argparse
import os
from pathlib import Path

from install import outside, running_daemon
from install.actions.base import Action, add_torch_index
from install.checkout import PYTHON, VENV
from install.console import Console
from install.data_folders import write_record
from install.environment import stamp, torch_build
from install.environment.bundle import Bundle
from install.environment.fetch_models import fetch_models, models_size
from install.environment.virtual_environment import set_up

DEVICES = ("auto", "cpu", "cuda", "rocm", "xpu")
_MEGABYTE = 1e6
# of the wheels that pip fetches on Linux, x86; elsewhere they differ little
_PACKAGES_SIZE = 190e6


class Engine(Action):
    """Makes the environment, brings the models, and says where editors and the command line find it."""

    summary = "set the engine up for this user, or bring it up to date"
    replaces_environment = True

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the device, the bundle and the repair."""
        parser.add_argument("--device", choices=DEVICES, help="what torch is to use")
        parser.add_argument("--from", dest="bundle", type=Path, metavar="FOLDER", help="a bundle: no network")
        parser.add_argument(
            "--repair", action="store_true", help="make the environment anew, check the models"
        )
        parser.add_argument("--plan", action="store_true", help="say what would be fetched, and do nothing")
        add_torch_index(parser)

    def run(self, arguments: argparse.Namespace, console: Console) -> int:
        """Set up; the exit code. Raises InstallError."""
        bundle = Bundle.read(arguments.bundle) if arguments.bundle else None
        now = stamp.read()
        device = arguments.device or (now.device if now else "") or "auto"
        choice = torch_build.choose(arguments.torch_index, device=device)
        if arguments.plan:
            _say_plan(console, choice.kind, bundle, torch_alone=False)
            return 0
        is_new = arguments.repair or now is None or not now.fits() or now.project != stamp.project_digest()
        if is_new or now is None or not choice.is_met_by(now.torch):
            _say_plan(console, choice.kind, bundle, torch_alone=not is_new)
            if now is not None and now.project:  # a daemon may run, whose files will be replaced
                running_daemon.stop(console)
        if bundle:
            os.environ.update(bundle.pip_settings())
        set_up(
            console,
            dev=False,
            torch_index=arguments.torch_index,
            device=arguments.device,
            anew=arguments.repair,
        )
        if bundle:
            bundle.copy_models(console)
        fetch_models(console)
        write_record()
        outside.drop_copies()
        console.say()
        console.say("RetouchML is set up. A picture of yours: retouchml beautify IN -o OUT")
        return 0


def _say_plan(console: Console, build: str, bundle: Bundle | None, *, torch_alone: bool) -> None:
    """Say what will be fetched, before anything is."""
    torch, room = (table.get(build, table["cpu"]) for table in (torch_build.SIZES, torch_build.ROOMS))
    console.say(f"The engine goes into {VENV}, about {room / 1e9:.1f} GB.")
    if bundle:
        console.say(f"All comes from {bundle.folder}; the network is not used.")
        return
    kind = torch_build.NAMES[build]
    if torch_alone:
        console.say(f"About {torch / _MEGABYTE:.0f} MB are fetched: torch {kind}. The rest is here already.")
        return
    models = models_size()
    sizes = {"packages": _PACKAGES_SIZE, "torch": torch, "models": models}
    console.report(plan={**sizes, "room": room, "folder": str(VENV)})
    console.say(
        f"About {(_PACKAGES_SIZE + torch + models) / _MEGABYTE:.0f} MB are fetched, but for what is here "
        f"already: packages {_PACKAGES_SIZE / _MEGABYTE:.0f} MB, torch {kind} {torch / _MEGABYTE:.0f} MB, "
        f"models {models / _MEGABYTE:.0f} MB."
    )
    if not PYTHON.exists():
        console.say("It may be interrupted: the next run goes on.")
