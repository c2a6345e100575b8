"""The installer's command line: finds WHAT, runs it, turns what happens into a sentence and an exit code."""

import argparse
import errno
import signal
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from install.actions import demo, dev, gimp, krita, service, tensorflow1, uninstall
from install.checkout import LOG, TOP
from install.console import Console
from install.problem import Interrupted, Problem

_INTERRUPTED = 130


@dataclass(frozen=True)
class What:
    """One thing the installer can do.

    takes_rest: whether arguments that the installer does not know are handed on, as ``arguments.pytest``
    """

    sentence: str
    run: Callable[[argparse.Namespace, Console], int]
    add_arguments: Callable[[argparse.ArgumentParser], None]
    takes_rest: bool = False


def _torch_index(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--torch-index", metavar="URL", help="take torch from this package index")


WHATS = {
    "demo": What("set everything up and retouch a bundled portrait", demo.run, _torch_index),
    "test": What("set everything up and run the tests", dev.run_tests, dev.add_arguments, takes_rest=True),
    "dev": What("set everything up for work on RetouchML", dev.prepare, _torch_index),
    "tensorflow1": What(
        "add the TensorFlow 1.15 engine, in a Python 3.7 of its own",
        tensorflow1.run,
        tensorflow1.add_arguments,
    ),
    "service": What("let the daemon start on login and stay", service.run, service.add_arguments),
    "gimp": What("put the filter into GIMP 3", gimp.run, gimp.add_arguments),
    "krita": What("put the docker into Krita", krita.run, krita.add_arguments),
    "uninstall": What("list what was installed, ask, and remove it", uninstall.run, uninstall.add_arguments),
}


def main(argv: Sequence[str]) -> int:
    """Do what ``argv`` asks for; the exit code."""
    console = Console()
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _interrupt)
    try:
        arguments = _parse(argv)
        code: int = WHATS[arguments.what].run(arguments, console)
    except Problem as problem:
        console.complain(problem.explain())
        return problem.code
    except KeyboardInterrupt:
        console.complain("Interrupted. Nothing is left half made: run it again to go on.")
        return _INTERRUPTED
    except OSError as error:
        console.complain(_explain(error))
        return 1
    except Exception as error:
        with suppress(OSError), LOG.open("a", encoding="utf-8") as log:
            traceback.print_exception(error, file=log)
        console.complain(f"This should not have happened: {error!r}. The details are in {LOG}.")
        return 1
    return code


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 install",
        description="Sets RetouchML up in this checkout. Safe to run again.",
        epilog="Packages come through pip with its own configuration: index, mirror, proxy.",
        allow_abbrev=False,
    )
    subparsers = parser.add_subparsers(metavar="WHAT", dest="what", required=True)
    for name, what in WHATS.items():
        note = " Any other argument goes to pytest." if what.takes_rest else ""
        sentence = what.sentence[0].upper() + what.sentence[1:] + "."
        subparser = subparsers.add_parser(
            name, help=what.sentence, description=sentence + note, allow_abbrev=False
        )
        what.add_arguments(subparser)
    arguments, rest = parser.parse_known_args(argv)
    if rest and not WHATS[arguments.what].takes_rest:
        parser.error(f"{arguments.what} does not take {' '.join(rest)}")
    arguments.pytest = rest
    return arguments


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise Interrupted


def _explain(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full. Free some space, then run this again."
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        advice = f"Make it writable, or copy {TOP} to a folder of yours, then run this again."
        return f"{where}{error.strerror}. {advice}"
    return f"{where}{error.strerror or error}."
