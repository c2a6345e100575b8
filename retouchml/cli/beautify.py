"""``retouchml beautify``: its options, and all that is checked before the slow work starts."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from retouchml.cli.context import (
    Context,
    Subparsers,
    add_daemon_option,
    add_engine_options,
    add_quiet_option,
    number,
    path,
    path_text,
    share,
)
from retouchml.errors import UsageError
from retouchml.local_backend import tensorflow1_engine
from retouchml.look import DEFAULT_STRENGTH, DEFAULT_TEXTURE, Look
from retouchml.settings import ENGINES

if TYPE_CHECKING:
    from retouchml.backend import Backend
    from retouchml.cli.retouch import FaceChoice
    from retouchml.results import Edit

STDOUT = "-"


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "beautify",
        help="retouch the faces in pictures",
        description="Retouch the faces in pictures. With several IN, OUT and the FILE of --compare and "
        "--layer are folders, and the report of --json is a list. Exit code 3 means that no face was found: "
        "the picture is then written unchanged.",
        allow_abbrev=False,
    )
    parser.add_argument("sources", type=path, nargs="+", metavar="IN")
    parser.add_argument("-o", "--output", type=path_text, required=True, metavar="OUT", help="the result")
    parser.add_argument(
        "--strength",
        type=share,
        metavar="0..1",
        help=f"how much is retouched (default: {DEFAULT_STRENGTH:g})",
    )
    parser.add_argument(
        "--edit",
        type=_edit,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a manual edit, as `retouchml edits` lists them; may be given again for another",
    )
    parser.add_argument(
        "--faces", type=_faces, default="all", metavar="all|largest|0,2", help="which faces (default: all)"
    )
    parser.add_argument(
        "--texture",
        type=share,
        metavar="0..1",
        help=f"how much of the skin's texture stays (default: {DEFAULT_TEXTURE:g})",
    )
    add_engine_options(parser)
    parser.add_argument(
        "--engine", choices=ENGINES, help="what runs the generator (default: torch); see docs/tensorflow1.md"
    )
    for option, help_text in (
        ("--compare", "also write before and after, side by side"),
        ("--layer", "also write the changes as a transparent layer, PNG or TIFF"),
        ("--json", "also write a report; - is standard output"),
    ):
        parser.add_argument(option, type=path_text, metavar="FILE", help=help_text)
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    add_daemon_option(parser)
    add_quiet_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Retouch every picture; the worst of their exit codes."""
    from retouchml.cli import output_files, report
    from retouchml.cli.batch import Batch
    from retouchml.cli.retouch import Request

    settings = context.settings()
    look = Look(
        settings.strength if arguments.strength is None else arguments.strength,
        settings.texture if arguments.texture is None else arguments.texture,
        dict(arguments.edit),
    )
    sources: list[Path] = arguments.sources
    plan = output_files.plan(sources, arguments.output, compare=arguments.compare, layer=arguments.layer)
    report_file = Path(arguments.json) if arguments.json not in (None, STDOUT) else None
    is_stream = report_file is not None and report.is_stream(report_file)
    files = [target for job in plan.jobs for target in job.targets]
    if report_file is not None and not is_stream:
        files.append(report_file)
    request = Request(
        look,
        arguments.faces,
        force=arguments.force,
        quiet=arguments.quiet,
        summarise=not arguments.quiet and arguments.json is None,
        report_file=None if is_stream else report_file,
    )

    def load_engine() -> "Backend":
        model, device = arguments.model or settings.model, arguments.device or settings.device
        if (arguments.engine or settings.engine) == "tensorflow1":
            engine = tensorflow1_engine(model, device)
        else:
            engine = context.engine(model, device, daemon=not arguments.no_daemon)
        check_edits(look.edits, engine.edits)
        return engine

    batch = Batch(plan.jobs, request, context, load_engine)
    with output_files.folders(plan.folders):
        output_files.check(sources, files, force=arguments.force)
        batch.run()
    if arguments.json == STDOUT:
        context.console.print(report.text(batch.report))
    elif report_file is not None and is_stream:
        report_file.write_text(report.text(batch.report) + "\n", encoding="utf-8")
    return batch.exit_code


def check_edits(wanted: Mapping[str, float], edits: Sequence["Edit"]) -> None:
    """Raise UsageError where ``wanted`` names an edit that is not among ``edits``, or is out of its range."""
    known = {edit.name: edit for edit in edits}
    for name, value in wanted.items():
        if name not in known:
            there = ", ".join(known) or "none"
            raise UsageError(f"There is no edit called {name!r}.", f"There are: {there}.")
        low, high = known[name].low, known[name].high
        if not low <= value <= high:
            raise UsageError(f"The edit {name} is {value:g}, but must lie between {low:g} and {high:g}.")


def _edit(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    if not name.strip() or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name.strip(), number(value, -1.0, 1.0)


def _faces(text: str) -> "FaceChoice":
    if text == "all":
        return "all"
    if text == "largest":
        return "largest"
    numbers = text.split(",")
    if not all(part.isascii() and part.isdigit() for part in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} is neither all, nor largest, nor numbers like 0,2")
    return tuple(sorted({int(part) for part in numbers}))
