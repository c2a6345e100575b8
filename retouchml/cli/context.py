"""What every subcommand is given, and the options that several of them share."""

import argparse
import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from retouchml.cli.backend import Backend, BackendFactory, BackendPhoto
from retouchml.cli.console import Console
from retouchml.cli.interrupt import Interrupt
from retouchml.cli.report import STDOUT
from retouchml.errors import NoFaceError, UsageError
from retouchml.look import parse_value
from retouchml.own_parts import STANDARD, scorer_names
from retouchml.progress import Progress
from retouchml.results import Box
from retouchml.settings import (
    DEFAULT_DEVICE,
    DEFAULT_MODEL,
    ENGINES,
    LOCAL,
    PRECISIONS,
    EngineName,
    PrecisionName,
)
from retouchml.sliders import Slider
from retouchml.spelling import unknown_name
from retouchml.system import surroundings
from retouchml.system.file_names import SETTINGS

if TYPE_CHECKING:
    import numpy.typing as npt

    from retouchml.settings import Settings

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Value = TypeVar("Value")


@dataclass(frozen=True)
class Context:
    """The surroundings of a command: its streams, its interruption, and what retouches for it.

    make_backend: None for the real ones; closing: what is closed when the command is done
    """

    console: Console
    interrupt: Interrupt
    make_backend: BackendFactory | None = None
    closing: ExitStack = field(default_factory=ExitStack)

    def settings(self) -> "Settings":
        """The user's defaults, with a line on stderr for each value that cannot be used."""
        from retouchml import paths, settings

        values, warnings = settings.load(paths.config_dir() / SETTINGS)
        for warning in warnings:
            self.console.complain(warning)
        return values

    def backend(
        self,
        model: str,
        device: str,
        *,
        engine: EngineName = ENGINES[0],
        precision: PrecisionName = PRECISIONS[0],
        use_daemon: bool = False,
        remote: str = "",
    ) -> Backend:
        """Load ``model`` on ``device``: in the daemon if it may and can be there, else in this process.

        engine: the daemon runs torch alone, so that any other stays in this process; precision: what this
        process uses, the daemon has its own; remote: the daemon of another machine, which alone does the work
        """
        self.interrupt.check()
        if self.make_backend is not None:
            return self.make_backend(model, device)
        if remote:
            from retouchml.cli import daemon_backend

            there = daemon_backend.connect_remote(remote, model, device, self.console.complain)
            self.closing.callback(there.close)
            return there
        if engine != ENGINES[0]:
            return local_backend(model, device, engine, precision)
        if use_daemon:
            from retouchml.cli import daemon_backend

            local = partial(local_backend, precision=precision)
            backend = daemon_backend.connect(model, device, self.console.complain, local)
            if backend is not None:
                self.closing.callback(backend.close)
                return backend
        return local_backend(model, device, precision=precision)

    def find_faces(
        self,
        backend: Backend,
        pixels: "npt.NDArray[Any]",
        progress: Progress | None,
        icc: bytes = b"",
        at: Sequence[Box] = (),
        scorer: str = "",
    ) -> BackendPhoto | None:
        """The photo in ``pixels``; None if it has no face. Raises Cancelled.

        icc: the colour profile of the pixels, b"" for sRGB; at: places of faces that the search may miss;
        scorer: whose taste strength follows
        """
        with self.interrupt.polled() as cancel:
            try:
                photo = backend.open(pixels, icc=icc, at=at, scorer=scorer, progress=progress, cancel=cancel)
            except NoFaceError:
                return None
        return photo if photo.faces else None


def local_backend(
    model: str, device: str, engine: EngineName = ENGINES[0], precision: PrecisionName = PRECISIONS[0]
) -> Backend:
    """The models in this process; loading them takes seconds."""
    from pipeline.retoucher import Retoucher

    return Retoucher(model, device, engine=engine, precision=precision)


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """``--model``, ``--device`` and ``--precision``: None if not given, so that the settings decide."""
    parser.add_argument("--model", metavar="NAME", help=f"the generator (default: {DEFAULT_MODEL})")
    parser.add_argument(
        "--device",
        type=device,
        metavar="DEVICE",
        help=f"auto, cpu, cuda, cuda:N, mps, xpu or xpu:N (default: {DEFAULT_DEVICE})",
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        help=f"the generator's number type, in this process (default: {PRECISIONS[0]}: float16 on CUDA, "
        "else bfloat16 or float32)",
    )


def add_scorer_option(parser: argparse.ArgumentParser) -> None:
    """``--scorer``: None if not given, so that the settings decide."""
    parser.add_argument(
        "--scorer",
        metavar="NAME",
        help=f"whose taste strength follows: one that you trained, or {STANDARD} (default: {STANDARD})",
    )


def scorer_of(arguments: argparse.Namespace, settings: "Settings", remote: str) -> str:
    """The scorer that is asked for, "" for the one that another machine has. Raises UsageError."""
    name: str = arguments.scorer or ("" if remote else settings.scorer)
    if not remote and name and name not in scorer_names():
        raise unknown_name("scorer", name, scorer_names())
    return name


def add_scores_option(parser: argparse.ArgumentParser) -> None:
    """``--scores``: None if not given, so that the settings decide."""
    parser.add_argument(
        "--scores",
        action=argparse.BooleanOptionalAction,
        help="show how attractive the rater finds each face: the taste of 60 people of one country",
    )


def shows_scores(arguments: argparse.Namespace, settings: "Settings") -> bool:
    """Whether lines for people show scores."""
    return settings.scores if arguments.scores is None else bool(arguments.scores)


def add_daemon_option(parser: argparse.ArgumentParser) -> None:
    """``--no-daemon``."""
    parser.add_argument("--no-daemon", action="store_true", help="do the work in this process")


def add_remote_option(parser: argparse.ArgumentParser) -> None:
    """``--remote``: None if not given, so that the settings decide."""
    parser.add_argument(
        "--remote",
        metavar="NAME",
        help=f"the machine that does the work, as `retouchml remote list` shows them; {LOCAL} is this one",
    )


def remote_of(arguments: argparse.Namespace, settings: "Settings") -> str:
    """The remote that does the work, "" for this machine. Raises UsageError for an unknown one."""
    name: str = settings.remote if arguments.remote is None else arguments.remote
    if arguments.remote == "":  # as a variable of a script that is not set
        raise UsageError("`--remote` needs a name.", f"`{LOCAL}` is this machine.")
    if name in ("", LOCAL):
        return ""
    is_local = (
        arguments.no_daemon
        or arguments.precision is not None
        or getattr(arguments, "engine", None) is not None
    )
    if is_local and arguments.remote is None:
        return ""
    if is_local:
        reason = "`--no-daemon`, `--precision` and `--engine` are for work on this machine."
        raise UsageError(reason, "Leave them out.")
    from retouchml.client import remotes

    remotes.path(name)
    return name


def add_quiet_option(parser: argparse.ArgumentParser) -> None:
    """``--quiet``."""
    parser.add_argument("--quiet", action="store_true", help="say nothing but what went wrong")


def path_text(text: str) -> str:
    """A file name as it was typed; a slash at its end means something."""
    if not text or "\0" in text:
        raise argparse.ArgumentTypeError("a file name is missing")
    if text != STDOUT:
        surroundings.file_path(text)
    return text


def path(text: str) -> Path:
    """A file name."""
    return Path(path_text(text))


def device(text: str) -> str:
    """A device's name."""
    from retouchml.settings import is_device

    if not is_device(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a device: auto, cpu, cuda, cuda:N, mps, xpu or xpu:N"
        )
    return text


def add_slider_option(parser: argparse.ArgumentParser, slider: Slider, help_text: str) -> None:
    """``--NAME`` of a slider: None if not given, so that the settings decide."""

    def value_of(text: str) -> float:
        try:
            value = parse_value(text)
        except ValueError:
            value = math.nan
        if not slider.accepts(value):
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a number from {slider.low:g} to {slider.high:g}"
            )
        return value

    parser.add_argument(
        f"--{slider.name}",
        type=value_of,
        metavar=f"{slider.low:g}..{slider.high:g}",
        help=f"{help_text} (default: {slider.default:g})",
    )


def argument_type(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """``parse``, which may raise UsageError, as the type of an argument."""

    def convert(text: str) -> Value:
        try:
            return parse(text)
        except UsageError as error:
            raise argparse.ArgumentTypeError(error.explain().removesuffix(".")) from error

    return convert
