"""The ``retouchml`` command: runs a subcommand and turns its result or error into an exit code.

0 done, 1 failed, 2 bad usage, 3 no face was found, 130 stopped by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP.
"""

import argparse
import sys
from collections.abc import Sequence

from retouchml import __version__, failures, translation
from retouchml.cli import (
    beautify,
    daemon,
    doctor,
    edits,
    faces,
    hand_over,
    label,
    models,
    presets,
    rate,
    remote,
    setup,
    train,
)
from retouchml.cli.backend import BackendFactory
from retouchml.cli.console import Console, OutputClosedError
from retouchml.cli.context import Context
from retouchml.cli.interrupt import Interrupt
from retouchml.cli.parser import Parser
from retouchml.errors import Cancelled
from retouchml.system import surroundings

COMMANDS = (beautify, faces, edits, presets, models, daemon, remote, label, rate, train, setup, doctor)
_NO_OPTIONS = "--"  # what follows this word is no option


def main(argv: Sequence[str] | None = None, *, make_backend: BackendFactory | None = None) -> int:
    """Run ``retouchml`` with ``argv`` (default: the process's own arguments) and return the exit code.

    make_backend: takes the place of the daemon and of the models in this process
    """
    surroundings.settle()
    translation.begin()
    console = Console(sys.stdout, sys.stderr, sys.stdin)
    context = Context(console, Interrupt(), make_backend)
    try:
        with context.interrupt.installed(), context.closing:
            code = _run(argv, context)
            console.flush()
    except OutputClosedError:
        return failures.FAILED
    except (Exception, KeyboardInterrupt) as error:
        code = console.report(error)[1]
        return context.interrupt.exit_code if code == Cancelled.exit_code else code
    return code


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; imports nothing heavy."""
    parser = Parser(
        prog="retouchml",
        description="Retouch the faces in photographs, on this machine.",
        epilog="`retouchml COMMAND --help` explains a command.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"retouchml {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    """The arguments; pictures may also come behind options, where argparse leaves them over."""
    parser = make_parser()
    arguments, left = parser.parse_known_args(words)
    parser = getattr(arguments, "parser", parser)
    name, type_ = getattr(arguments, "pictures_are", ("", str))
    pictures = words[words.index(_NO_OPTIONS) + 1 :] if _NO_OPTIONS in words else ()
    left = [word for word in left if word != _NO_OPTIONS]
    wrong = [word for word in left if word.startswith("-") and word not in pictures] if name else left
    if wrong:
        parser.error(f"unrecognized arguments: {' '.join(wrong)}")
    if left:
        try:
            setattr(arguments, name, [*getattr(arguments, name), *map(type_, left)])
        except argparse.ArgumentTypeError as error:
            parser.error(f"argument IN: {error}")
    return arguments


def _run(argv: Sequence[str] | None, context: Context) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    if hand_over.is_needed(words):
        return hand_over.run(words)
    try:
        arguments = _parsed(words)
    except SystemExit as end:  # argparse has printed its help or its error
        return end.code if isinstance(end.code, int) else 0
    code: int = arguments.run(arguments, context)
    return code
