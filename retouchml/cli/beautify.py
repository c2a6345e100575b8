"""``retouchml beautify``: its options, and all that is checked before the slow work starts."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from retouchml.cli.context import (
    STDOUT,
    Context,
    Subparsers,
    add_daemon_option,
    add_model_options,
    add_quiet_option,
    argument_type,
    path,
    path_text,
)
from retouchml.cli.look_options import add_face_option, add_look_options, add_place_option, face_looks, places
from retouchml.look import parse_faces
from retouchml.settings import ENGINES

if TYPE_CHECKING:
    from retouchml.cli.backend import Backend


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
    add_look_options(parser)
    add_face_option(parser)
    add_place_option(parser)
    parser.add_argument(
        "--faces",
        type=argument_type(parse_faces),
        default="all",
        metavar="all|largest|0,2",
        help="which faces (default: all)",
    )
    add_model_options(parser)
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        help=f"what runs the generator (default: {ENGINES[0]}); see docs/tensorflow1.md",
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
    from retouchml.cli.retouch import Options
    from retouchml.cli.sources import refuse_folder

    settings = context.settings()
    looks = face_looks(arguments, settings)
    sources: list[Path] = arguments.sources
    refuse_folder(sources)
    outputs = output_files.locate(sources, arguments.output, compare=arguments.compare, layer=arguments.layer)
    report_file = Path(arguments.json) if arguments.json not in (None, STDOUT) else None
    is_stream = report_file is not None and report.is_stream(report_file)
    targets = [target for files in outputs.pictures for target in files.targets]
    if report_file is not None and not is_stream:
        targets.append(report_file)
    options = Options(
        looks,
        arguments.faces,
        force=arguments.force,
        quiet=arguments.quiet,
        summarise=not arguments.quiet and arguments.json is None,
        report_file=None if is_stream else report_file,
        places=places(arguments, sources),
    )

    def load_backend() -> "Backend":
        return context.backend(
            arguments.model or settings.model,
            arguments.device or settings.device,
            engine=arguments.engine or settings.engine,
            precision=arguments.precision or settings.precision,
            # the daemon has a precision of its own
            use_daemon=not arguments.no_daemon and arguments.precision is None,
        )

    batch = Batch(outputs.pictures, options, context, load_backend)
    with output_files.new_folders(outputs.folders):
        output_files.check(sources, targets, force=arguments.force)
        batch.run()
    if arguments.json == STDOUT:
        context.console.print(report.text(batch.report))
    elif report_file is not None and is_stream:
        report_file.write_text(report.text(batch.report) + "\n", encoding="utf-8")
    return batch.exit_code
