"""``bundle``: writes all that the set-up fetched into a folder, for machines without a network."""

import argparse
from pathlib import Path

from install.actions.base import Action
from install.checkout import VENV
from install.console import Console, Tick
from install.data_folders import find_folders
from install.disk_space import check_free_space
from install.environment import (
    bundle,
    bundled_python,
    engine_wheel,
    first_hashes,
    pip_install,
    requirements,
    stamp,
    torch_build,
)
from install.environment.picture_formats import READERS
from install.environment.pip_install import PipError
from install.errors import InstallError

_ROOM = 1_000_000_000


class WriteBundle(Action):
    """Downloads the wheels of this engine once more, and copies its models."""

    summary = "write wheels and models into a folder, for `--from`"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the folder."""
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument("--python", action="store_true", help="with a Python that uv brought")

    def run(self, arguments: argparse.Namespace, console: Console) -> int:
        """Write it; the record comes last, so that half a bundle is none. Raises InstallError."""
        now = stamp.read()
        if now is None or not now.fits() or not now.torch:
            raise InstallError("The engine is not set up here.", "Run `retouchml setup` first.")
        folder = arguments.folder.expanduser().absolute()
        (folder / "wheels").mkdir(parents=True, exist_ok=True)
        (folder / bundle.RECORD).unlink(missing_ok=True)
        check_free_space(folder, _ROOM)
        with console.step("the engine and its packages") as tick:
            pip_install.download(
                ("--dest", str(folder / "wheels"), *requirements.arguments(requirements.PACKAGES)), tick
            )
            _engine(folder / "wheels", tick)
        with console.step("torch") as tick:
            _torch(folder / "wheels", now.torch, tick)
        for reader in READERS:
            listed = requirements.arguments(requirements.PACKAGES, reader.extra)
            try:
                with console.step(f"reader of {reader.formats}") as tick:
                    pip_install.download(("--dest", str(folder / "wheels"), *listed), tick)
            except PipError as error:
                if not error.missing:
                    raise
        with console.step("models"):
            bundle.copy_models(find_folders().models, folder / "models")
        if arguments.python:
            with console.step(f"Python {now.python}") as tick:
                bundled_python.write(folder, now.python, tick)
        else:
            bundled_python.withdraw(folder)
        bundle.write_record(folder, now.python)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        console.say(f"{size / 1e6:.0f} MB in {folder}")
        console.say(f"There, with the light wheel from it: retouchml setup --from {folder.name}")
        return 0


def _engine(target: Path, tick: Tick) -> None:
    """The engine's wheel, checked, and the light one, from which the other machine starts."""
    name, _ = engine_wheel.record()
    pip_install.download(
        ("--dest", str(target), *engine_wheel.download_arguments(VENV / "project.txt")), tick
    )
    if not (target / name).is_file():
        raise InstallError(f"pip did not bring {name}.")
    engine_wheel.write_light(target)


def _torch(target: Path, installed: str, tick: Tick) -> None:
    kind = installed.split()[1]
    device = kind if kind in ("cuda", "rocm", "xpu") else "cpu"
    builds = torch_build.choose(None, device=device).builds
    for build in builds:
        try:
            if build.listed:
                pip_install.download(("--dest", str(target), *build.arguments), tick)
            else:
                first_hashes.download(build.arguments, target, tick)
        except PipError as error:
            if (error.missing or build.optional) and build is not builds[-1]:
                continue
            raise
        return
