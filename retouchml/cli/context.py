"""What every subcommand is given, and the options that several of them share."""

import argparse
import math
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from retouchml.backend import Backend, BackendFactory, BackendPhoto
from retouchml.cli.console import Console
from retouchml.cli.interrupt import Interrupt
from retouchml.errors import NoFaceError
from retouchml.local_backend import local_engine
from retouchml.progress import Progress

if TYPE_CHECKING:
    import numpy.typing as npt

    from retouchml.settings import Settings

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


@dataclass(frozen=True)
class Context:
    """The surroundings of a command: where it speaks, how it is stopped, and who retouches.

    make_engine: None for the real ones; closing: what is to be closed when the command is done
    """

    console: Console
    interrupt: Interrupt
    make_engine: BackendFactory | None = None
    closing: ExitStack = field(default_factory=ExitStack)

    def settings(self) -> "Settings":
        """The user's defaults; what is wrong with them is said on stderr."""
        from retouchml import paths, settings

        values, warnings = settings.load(paths.config_dir() / settings.FILE_NAME)
        for warning in warnings:
            self.console.complain(warning)
        return values

    def engine(self, model: str, device: str, *, daemon: bool = False) -> Backend:
        """Load ``model`` on ``device``, in the daemon if it may and can be there."""
        self.interrupt.check()
        if self.make_engine is not None:
            return self.make_engine(model, device)
        if daemon:
            from retouchml.cli import daemon_backend

            engine = daemon_backend.connect(model, device, self.console.complain)
            if engine is not None:
                self.closing.callback(engine.close)
                return engine
        return local_engine(model, device)

    def find_faces(
        self, engine: Backend, pixels: "npt.NDArray[Any]", progress: Progress | None
    ) -> BackendPhoto | None:
        """The photo in ``pixels``; None where it has no face. Raises Cancelled."""
        with self.interrupt.polled() as cancel:
            try:
                photo = engine.open(pixels, progress=progress, cancel=cancel)
            except NoFaceError:
                return None
        return photo if photo.faces else None


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """``--model`` and ``--device``: None where not given, so that the settings speak."""
    parser.add_argument("--model", metavar="NAME", help="the generator (default: ffhq-mobile)")
    parser.add_argument(
        "--device", type=device, metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps (default: auto)"
    )


def add_daemon_option(parser: argparse.ArgumentParser) -> None:
    """``--no-daemon``."""
    parser.add_argument("--no-daemon", action="store_true", help="do the work in this process")


def add_quiet_option(parser: argparse.ArgumentParser) -> None:
    """``--quiet``."""
    parser.add_argument("--quiet", action="store_true", help="say nothing but what went wrong")


def path_text(text: str) -> str:
    """A file name as it was typed; a slash at its end means something."""
    if not text or "\0" in text:
        raise argparse.ArgumentTypeError("a file name is missing")
    return text


def path(text: str) -> Path:
    """A file name."""
    return Path(path_text(text))


def device(text: str) -> str:
    """A device's name."""
    from retouchml.settings import is_device

    if not is_device(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a device: auto, cpu, cuda, cuda:N or mps")
    return text


def share(text: str) -> float:
    """A number from 0 to 1."""
    return number(text, 0.0, 1.0)


def number(text: str, low: float, high: float) -> float:
    """A finite number from ``low`` to ``high``."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
    return value
