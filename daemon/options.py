"""How a daemon runs: the options of `retouchml daemon run`, and the limits that tests make smaller."""

import argparse
import math
from dataclasses import dataclass

from retouchml.client import host_port
from retouchml.errors import NameUnknown, UsageError
from retouchml.settings import DEFAULT_DEVICE, DEFAULT_MODEL, PRECISIONS, PrecisionName

KEEP_ALIVE_MINUTES = 10.0
_LOOK_UP_SECONDS = 3.0
_EVERYWHERE = {"*": "0.0.0.0"}  # noqa: S104 (only if the user asks for it)
_LIMITS = (
    "queue",
    "queue_of_client",
    "queue_of_person",
    "megapixels_of_person",
    "photos",
    "photos_of_client",
    "photo_bytes",
    "clients",
    "start_seconds",
    "silence_seconds",
    "stall_seconds",
    "cancel_seconds",
    "job_seconds",
)


@dataclass(frozen=True)
class DaemonOptions:
    """The options and limits of one daemon; docs/protocol.md says what the limits bound.

    device: a torch device, several with commas, or auto; precision: of the generator on it; scorer: whose
    taste strength follows where a request names none, "" for the standard one; keep_alive,
    idle_exit: seconds, negative and None for never; tcp, metrics: host:port, "" for none; advertise: host or
    host:port by which others reach it, "" for that of tcp; service: whether
    the system starts it on login; backend: "module:function" that makes a backend in place of
    ``pipeline.Retoucher``, for tests
    """

    model: str = DEFAULT_MODEL
    device: str = DEFAULT_DEVICE
    precision: PrecisionName = PRECISIONS[0]
    scorer: str = ""
    keep_alive: float = KEEP_ALIVE_MINUTES * 60
    idle_exit: float | None = None
    tcp: str = ""
    advertise: str = ""
    metrics: str = ""
    service: bool = False
    backend: str = ""
    queue: int = 64
    queue_of_client: int = 8
    # of whoever has a key; this user and the owner have the limits of clients alone
    queue_of_person: int = 16
    megapixels_of_person: int = 1000
    photos: int = 64
    photos_of_client: int = 16
    photo_bytes: int = 0
    clients: int = 64
    # of a worker (``watchdog``): until it is ready, perhaps from a slow disk
    start_seconds: int = 120
    # without a heartbeat; libraries hold Python's lock for seconds while they load
    silence_seconds: int = 30
    # without progress, while it does nothing
    stall_seconds: int = 120
    # until a cancelled job has ended; a pass of the detector over the largest photo takes less
    cancel_seconds: int = 20
    # without progress, whatever it does
    job_seconds: int = 900

    def __post_init__(self) -> None:
        if not self.photo_bytes:
            object.__setattr__(self, "photo_bytes", _photo_bytes())

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices, each of which gets one worker."""
        return tuple(self.device.split(","))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of every command that starts a daemon."""
    parser.add_argument(
        "--model", default="", help=f"the generator (default: config.toml's, or {DEFAULT_MODEL})"
    )
    parser.add_argument(
        "--device",
        default="",
        help="auto, cpu, cuda, cuda:N, mps, xpu or xpu:N; several with commas "
        f"(default: config.toml's, or {DEFAULT_DEVICE})",
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="",
        help=f"the generator's number type (default: config.toml's, or {PRECISIONS[0]}: float16 on CUDA, "
        "else bfloat16 or float32)",
    )
    parser.add_argument(
        "--keep-alive",
        type=float,
        metavar="MINUTES",
        help="unload the models after so long without work; 0 at once, -1 never "
        f"(default: config.toml's, or {KEEP_ALIVE_MINUTES:g})",
    )
    parser.add_argument(
        "--idle-exit",
        type=float,
        metavar="MINUTES",
        help="stop after so long without a request (default: never)",
    )
    parser.add_argument(
        "--tcp", metavar="HOST:PORT", help="listen there as well, encrypted (default: not at all)"
    )
    parser.add_argument(
        "--advertise",
        metavar="HOST[:PORT]",
        help="by which other machines reach it: what invitations say (default: as --tcp)",
    )
    parser.add_argument(
        "--metrics",
        metavar="HOST:PORT",
        help="serve /metrics for Prometheus and /healthz there, on loopback (default: not at all)",
    )
    parser.set_defaults(detach=False, service=False)
    for name in ("backend", "limits"):  # for tests
        parser.add_argument(f"--{name}", default="", help=argparse.SUPPRESS)


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the commands that are the daemon themselves, besides ``add_arguments``."""
    # older plug-ins start the daemon with --detach; for people, `retouchml daemon start` does that
    parser.add_argument("--detach", action="store_true", help="go to the background once it is ready")
    # of `python3 install service`
    parser.add_argument("--service", action="store_true", help=argparse.SUPPRESS)


def from_arguments(arguments: argparse.Namespace) -> DaemonOptions:
    """The options of a parsed command line, with defaults from config.toml. Raises UsageError."""
    from retouchml import paths, settings
    from retouchml.system.file_names import SETTINGS

    if arguments.idle_exit is not None and not 0 < arguments.idle_exit < math.inf:
        raise UsageError("--idle-exit must be more than 0 minutes.")
    if arguments.keep_alive is not None and not math.isfinite(arguments.keep_alive):
        raise UsageError("--keep-alive must be a number of minutes.", "-1 never unloads the models.")
    if arguments.tcp is not None:
        resolve(*parse_address(arguments.tcp))
    if arguments.advertise is not None:
        if not arguments.tcp:
            raise UsageError("--advertise is of use with --tcp only.", "Add --tcp HOST:PORT.")
        host_port.parse(arguments.advertise, port=1)
    if arguments.metrics is not None:
        from daemon import metrics

        metrics.parse_loopback(arguments.metrics)
    stored, _ = settings.load(paths.config_dir() / SETTINGS)
    minutes = stored.keep_alive if arguments.keep_alive is None else arguments.keep_alive
    device, precision = arguments.device or stored.device, arguments.precision or stored.precision
    if "cpu" in device.split(",") and precision not in ("auto", "float32"):
        raise UsageError(f"The device cpu does not compute in {precision}.", "Use --precision auto.")
    return DaemonOptions(
        model=arguments.model or stored.model,
        device=device,
        precision=precision,
        scorer=stored.scorer,
        keep_alive=(KEEP_ALIVE_MINUTES if minutes is None else minutes) * 60,
        idle_exit=None if arguments.idle_exit is None else arguments.idle_exit * 60,
        tcp=arguments.tcp or "",
        advertise=arguments.advertise or "",
        metrics=arguments.metrics or "",
        service=arguments.service,
        backend=arguments.backend,
        **_limits(arguments.limits),
    )


def as_command_line(arguments: argparse.Namespace) -> list[str]:
    """The options of a parsed command line once more, for a daemon that is to be started with them.

    Without ``--idle-exit``, which ``retouchml.client.launch`` adds.
    """
    names = (
        *("model", "device", "precision", "keep_alive"),
        *("tcp", "advertise", "metrics", "backend", "limits"),
    )
    values = {name.replace("_", "-"): getattr(arguments, name) for name in names}
    # "=" keeps a value that starts with a minus sign from looking like an option
    return [f"--{name}={value}" for name, value in values.items() if value not in ("", None)]


def parse_address(text: str) -> tuple[str, int]:
    """The host, a number without brackets or a name, and the port in ``HOST:PORT``. Raises UsageError.

    ``*`` is every address of version 4, ``[::]`` of both; the port 0 is one that the system chooses.
    """
    host, _, port = text.rpartition(":")
    try:
        return host_port.parse(f"{_EVERYWHERE.get(host, host)}:{port}", lowest=0)
    except UsageError:
        raise UsageError(f"{text} is no HOST:PORT.", "For example 127.0.0.1:5555, or [::1]:5555.") from None


def resolve(host: str, port: int) -> tuple[str, int]:
    """The number of a host, and its version, 4 or 6: that of version 4 if a name has both.

    Raises UsageError for a name that nobody knows.
    """
    try:
        return host_port.look_up(host, port, _LOOK_UP_SECONDS)[0]
    except NameUnknown as error:
        raise UsageError(error.message, "For example 127.0.0.1:5555, or [::1]:5555.") from error


def _limits(text: str) -> dict[str, int]:
    limits = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if name not in _LIMITS or not value.isdigit():
            raise UsageError(f"{part} is not a limit.")
        limits[name] = int(value)
    return limits


def _photo_bytes() -> int:
    import psutil  # here, since `retouchml --help` has these options, too

    try:
        memory: int = psutil.virtual_memory().total
    except (psutil.Error, OSError):  # for example if there is no /proc
        return 4 << 30
    return min(memory // 2, 16 << 30)
