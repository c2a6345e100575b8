"""The command, environment and folders of the background service, whichever manager starts it."""

import argparse
import os
from dataclasses import dataclass, field
from pathlib import Path

from install import processes
from install.checkout import HOME, PYTHON, SET_UP
from install.data_folders import Folders, find_folders
from install.errors import InstallError

NAME = "retouchml"

# these move RetouchML's folders: the service has to use the same folders as this shell's commands
_FOLDER_VARIABLES = ("RETOUCHML_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")


@dataclass(frozen=True)
class Service:
    """The daemon as a service.

    arguments:   of ``python``; without an idle exit, so that it stays
    environment: variables beside those that the system gives each service
    folders:     where it may write; they exist, and the socket's is the first
    tcp:         whether it listens on the network, too
    home:        the value of RETOUCHML_HOME if it is set: then the socket lies below it
    """

    python: Path
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()
    tcp: bool = False
    home: Path | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the daemon's options, as ``retouchml daemon run`` has them."""
    parser.add_argument(
        "--device", metavar="DEVICE", help="auto, cpu, cuda, cuda:N, mps, xpu or xpu:N (default: auto)"
    )
    parser.add_argument(
        "--precision", metavar="TYPE", help="auto, float32, float16 or bfloat16 (default: auto)"
    )
    parser.add_argument(
        "--keep-alive",
        type=float,
        metavar="MINUTES",
        help="unload the models after so long without work; 0 at once, -1 never (default: 10)",
    )
    parser.add_argument("--tcp", metavar="HOST:PORT", help="listen there as well, encrypted")


def for_this_user(arguments: argparse.Namespace) -> Service:
    """The service for this user. Makes the folders in which it writes. Raises InstallError or OSError."""
    _check_installed()
    folders = find_folders()
    environment = _environment()
    home = Path(environment["RETOUCHML_HOME"]) if "RETOUCHML_HOME" in environment else None
    writable = (*([home / "run"] if home else []), folders.cache)
    for folder in writable:
        _make(folder)
    # CUDA keeps kernels that it compiled, by default in ~/.nv, where the service may not write
    environment["CUDA_CACHE_PATH"] = str(folders.cache / "cuda")
    return Service(
        PYTHON, daemon_arguments(arguments), environment, writable, tcp=bool(arguments.tcp), home=home
    )


def for_all_users(arguments: argparse.Namespace) -> tuple[Service, Folders]:
    """The service for any user of this machine, and the folders that they share. Raises InstallError."""
    _check_installed()
    folders = find_folders()
    service = Service(PYTHON, daemon_arguments(arguments), {}, (), tcp=bool(arguments.tcp))
    return service, folders


def daemon_arguments(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The arguments after the interpreter on the daemon's command line."""
    values = {
        "--device": arguments.device,
        "--precision": arguments.precision,
        "--keep-alive": arguments.keep_alive,
        "--tcp": arguments.tcp,
    }
    # "=" keeps a value that starts with a minus sign from looking like an option
    options = (f"{name}={_plain(value)}" for name, value in values.items() if value is not None)
    return ("-m", "daemon", "--service", *options)


def _plain(value: str | float) -> str:
    return f"{value:g}" if isinstance(value, float) else value


def _environment() -> dict[str, str]:
    values = {name: os.environ.get(name, "").strip() for name in _FOLDER_VARIABLES}
    # absolute, since a service starts in another folder
    folders = {name: str(Path(value).expanduser().absolute()) for name, value in values.items() if value}
    return {**folders, "PYTHONSAFEPATH": "1"}


def _check_installed() -> None:
    again = f"Run `{SET_UP}` first."
    if not PYTHON.is_file():
        raise InstallError(f"RetouchML is not installed in {HOME} yet.", again)
    outcome = processes.run([PYTHON, "-m", "daemon", "--help"], log=False)
    if outcome.code != 0:
        raise InstallError(f"The installed RetouchML does not work: {outcome.last_line}", again)


def _make(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise InstallError(
            f"{folder} cannot be made: {error.strerror}.",
            "Make its parent writable, or choose another place with RETOUCHML_HOME.",
        ) from error
