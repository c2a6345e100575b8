"""How a daemon is to run: the options of `retouchml daemon run`, and the limits that tests make smaller."""

import argparse
import math
from dataclasses import dataclass

from daemon.addresses import address_in
from retouchml.errors import UsageError
from retouchml.settings import DEFAULT_DEVICE, DEFAULT_MODEL

KEEP_ALIVE_MINUTES = 10.0
IDLE_EXIT_MINUTES = 30.0


@dataclass(frozen=True)
class Options:
    """See docs/protocol.md for what the limits bound.

    device: a torch device, several with commas, or auto; keep_alive, idle_exit: seconds, negative and None
    for never; tcp: host:port, "" for none; service: whether the system starts it on login; engine:
    "module:function" in place of the pipeline, for tests
    """

    model: str = DEFAULT_MODEL
    device: str = DEFAULT_DEVICE
    keep_alive: float = KEEP_ALIVE_MINUTES * 60
    idle_exit: float | None = None
    tcp: str = ""
    service: bool = False
    engine: str = ""
    queue: int = 32
    queue_of_client: int = 8
    photos: int = 64
    photos_of_client: int = 16
    photo_bytes: int = 0
    clients: int = 64

    def __post_init__(self) -> None:
        if not self.photo_bytes:
            object.__setattr__(self, "photo_bytes", _photo_bytes())

    @property
    def devices(self) -> tuple[str, ...]:
        """One worker each."""
        return tuple(self.device.split(","))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options on a parser."""
    parser.add_argument("--model", default="", help="the generator (default: config.toml's, or ffhq-mobile)")
    parser.add_argument(
        "--device",
        default="",
        help="auto, cpu, cuda, cuda:N or mps; several with commas (default: config.toml's, or auto)",
    )
    parser.add_argument(
        "--keep-alive",
        type=float,
        default=KEEP_ALIVE_MINUTES,
        metavar="MINUTES",
        help="unload the models after so long without work; 0 at once, -1 never (default: 10)",
    )
    parser.add_argument(
        "--idle-exit",
        type=float,
        metavar="MINUTES",
        help="leave after so long without a request (default: stay)",
    )
    parser.add_argument(
        "--tcp", default="", metavar="HOST:PORT", help="listen there as well, encrypted (default: not at all)"
    )
    parser.add_argument("--detach", action="store_true", help="go to the background once it is ready")
    parser.add_argument("--service", action="store_true", help=argparse.SUPPRESS)  # `install service` says it
    for name in ("engine", "limits"):  # for the tests of faults
        parser.add_argument(f"--{name}", default="", help=argparse.SUPPRESS)


def from_arguments(arguments: argparse.Namespace) -> Options:
    """The options that were parsed, the user's settings where they say nothing. Raises UsageError."""
    from retouchml import paths, settings

    if arguments.idle_exit is not None and not 0 < arguments.idle_exit < math.inf:
        raise UsageError("--idle-exit must be more than 0 minutes.")
    if not math.isfinite(arguments.keep_alive):
        raise UsageError("--keep-alive must be a number of minutes.", "-1 never unloads the models.")
    if arguments.tcp:
        address_in(arguments.tcp)
    stored, _ = settings.load(paths.config_dir() / settings.FILE_NAME)
    return Options(
        model=arguments.model or stored.model,
        device=arguments.device or stored.device,
        keep_alive=arguments.keep_alive * 60,
        idle_exit=None if arguments.idle_exit is None else arguments.idle_exit * 60,
        tcp=arguments.tcp,
        service=arguments.service,
        engine=arguments.engine,
        **_limits(arguments.limits),
    )


def _limits(text: str) -> dict[str, int]:
    known = ("queue", "queue_of_client", "photos", "photos_of_client", "photo_bytes", "clients")
    limits = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if name not in known or not value.isdigit():
            raise UsageError(f"{part} is not a limit.")
        limits[name] = int(value)
    return limits


def _photo_bytes() -> int:
    import psutil  # here: `retouchml --help` has these options, too

    try:
        memory: int = psutil.virtual_memory().total
    except (psutil.Error, OSError):  # as where there is no /proc
        return 4 << 30
    return min(memory // 2, 16 << 30)
