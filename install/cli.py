"""The installer's command line: runs an action, turns its errors into a sentence and an exit code."""

import argparse
import errno
import signal
import traceback
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

from install import outside
from install.actions.table import ACTIONS
from install.checkout import COMMAND_LINE, IS_PACKAGED, LOG, TOP
from install.console import Console
from install.errors import InstallError, Interrupted
from retouchml.system.failures import is_disk_full, unexpected
from retouchml.system.terminal import printable, shortened

_INTERRUPTED = 130


def main(argv: Sequence[str]) -> int:
    """Run the action that ``argv`` names; the exit code."""
    console = Console()
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _interrupt)
    try:
        arguments = _parse(argv)
        action = ACTIONS[arguments.action]
        if not outside.is_elsewhere():
            return outside.run(argv, console, replaces=action.replaces_environment)
        return action.run(arguments, console)
    except InstallError as error:
        console.error(error.explain())
        return error.code
    except KeyboardInterrupt:
        console.error("Interrupted. Nothing is left half made: run it again to go on.")
        return _INTERRUPTED
    except OSError as error:
        console.error(_explain(error))
        return 1
    except Exception as error:
        with suppress(OSError), LOG.open("a", encoding="utf-8") as log:
            traceback.print_exception(error, file=log)
        console.error(f"{unexpected(error)} The details are in {LOG}.")
        return 1


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    place = "for this user" if IS_PACKAGED else "in this checkout"
    parser = argparse.ArgumentParser(
        prog=COMMAND_LINE,
        description=f"Sets RetouchML up {place}. Safe to run again.",
        epilog="Packages come through pip with its own configuration: index, mirror, proxy.",
        allow_abbrev=False,
    )
    subparsers = parser.add_subparsers(metavar="WHAT", dest="action", required=True)
    for name, action in ACTIONS.items():
        description = action.summary[0].upper() + action.summary[1:] + "."
        if action.passes_to_pytest:
            description += " Any other argument goes to pytest."
        subparser = subparsers.add_parser(
            name, help=action.summary, description=description, allow_abbrev=False
        )
        action.add_arguments(subparser)
    arguments, rest = parser.parse_known_args(argv)
    if rest and not ACTIONS[arguments.action].passes_to_pytest:
        parser.error(shortened(printable(f"{arguments.action} does not take {' '.join(rest)}")))
    arguments.pytest = rest
    return arguments


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise Interrupted


def _explain(error: OSError) -> str:
    if is_disk_full(error):
        return "The disk is full. Free some space, then run this again."
    path = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        otherwise = (
            "choose another with RETOUCHML_HOME" if IS_PACKAGED else f"copy {TOP} to a folder of yours"
        )
        advice = f"Make it writable, or {otherwise}, then run this again."
        return f"{path}{error.strerror}. {advice}"
    return f"{path}{error.strerror or error}."
