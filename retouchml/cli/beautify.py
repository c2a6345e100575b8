"""``retouchml beautify``: its options, and all that is checked before the slow work starts."""

import argparse
from functools import partial
from typing import TYPE_CHECKING

from retouchml.cli.batch import options as batch_options
from retouchml.cli.batch.storage import Storage
from retouchml.cli.context import (
    Context,
    Subparsers,
    add_daemon_option,
    add_model_options,
    add_quiet_option,
    add_remote_option,
    add_scorer_option,
    add_scores_option,
    argument_type,
    local_backend,
    path_text,
    remote_of,
    scorer_of,
    shows_scores,
)
from retouchml.cli.look_options import add_face_option, add_look_options, add_place_option, face_looks, places
from retouchml.errors import Cancelled
from retouchml.look import parse_faces
from retouchml.settings import DEFAULT_DEVICE, ENGINES, PRECISIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from retouchml.cli.backend import Backend
    from retouchml.cli.retouch import Options


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "beautify",
        help="retouch the faces in pictures",
        description="Retouch the faces in pictures. IN is a picture or a folder. With several pictures, "
        "OUT and the FILE of --compare and --layer are folders, and the report of --json is a list. Exit "
        "code 3 means that no face was found: the picture is then written unchanged.",
        usage="%(prog)s [IN ...] -o OUT [OPTION ...]",  # all of them would bury an error
        allow_abbrev=False,
    )
    parser.add_argument("sources", type=path_text, nargs="*", metavar="IN")
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
    add_scorer_option(parser)
    add_scores_option(parser)
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        help=f"what runs the generator (default: {ENGINES[0]}); see docs/tensorflow1.md",
    )
    parser.add_argument(
        "--compare", type=path_text, metavar="FILE", help="also write before and after, side by side"
    )
    parser.add_argument(
        "--layer",
        type=path_text,
        metavar="FILE",
        help="also write the changes as a transparent layer, PNG or TIFF",
    )
    parser.add_argument(
        "--json", type=path_text, metavar="FILE", help="also write a report; - is standard output"
    )
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    add_daemon_option(parser)
    add_remote_option(parser)
    add_quiet_option(parser)
    batch_options.add_batch_options(parser)
    parser.set_defaults(run=run, pictures_are=("sources", path_text), parser=parser)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Retouch every picture; the worst of their exit codes."""
    with Storage() as storage:
        context.console.tell_through(storage.told)
        batch_options.settle(arguments, storage)
        batch_options.check(arguments)
        return _retouch(arguments, context)


def _retouch(arguments: argparse.Namespace, context: Context) -> int:
    from retouchml.cli.batch import command
    from retouchml.cli.batch.cluster import Cluster
    from retouchml.cli.retouch import Options

    settings = context.settings()
    # a cluster is chosen for this command, another machine perhaps for all
    remote = "" if arguments.ray is not None else remote_of(arguments, settings)
    # another machine has its own defaults
    model = arguments.model or ("" if remote else settings.model)
    options = Options(
        face_looks(arguments, settings),
        arguments.faces,
        quiet=arguments.quiet,
        summarise=not arguments.quiet and arguments.json is None,
        places=places(arguments, arguments.sources),
        only=batch_options.face_filter(arguments),
        scorer=scorer_of(arguments, settings, remote),
        scores=shows_scores(arguments, settings),
    )

    def load_backend() -> "Backend":
        return context.backend(
            model,
            arguments.device or (DEFAULT_DEVICE if remote else settings.device),
            engine=arguments.engine or settings.engine,
            precision=arguments.precision or settings.precision,
            # the daemon has a precision of its own
            use_daemon=not arguments.no_daemon and arguments.precision is None,
            remote=remote,
        )

    if batch_options.is_many(arguments):
        # another machine has its own of these, too
        engine = ENGINES[0] if remote else arguments.engine or settings.engine
        precision = PRECISIONS[0] if remote else arguments.precision or settings.precision
        load_pool = None
        if arguments.ray is not None:
            make = partial(
                context.make_backend or partial(local_backend, engine=engine, precision=precision),
                model,
                arguments.device or settings.device,
            )
            load_pool = partial(
                Cluster,
                arguments.ray,
                options,
                context,
                make,
                workers=arguments.ray_workers,
                gpus=arguments.ray_gpus,
            )
        return command.run(arguments, context, options, model, engine, precision, load_backend, load_pool)
    return _one(arguments, context, options, load_backend)


def _one(
    arguments: argparse.Namespace, context: Context, options: "Options", load_backend: "Callable[[], Backend]"
) -> int:
    """Retouch a single picture. Raises what goes wrong."""
    from pipeline.pictures import format_of, read_picture
    from retouchml.cli import output_files, report
    from retouchml.cli.batch.outcomes import Outcomes
    from retouchml.cli.batch.report_lines import opened
    from retouchml.cli.retouch import render, write

    force = batch_options.existing(arguments) == "replace"
    destination = report.Destination.of(arguments.json)
    found = batch_options.inputs(arguments, ())
    results = batch_options.outputs(arguments, found, several=False)
    chosen = batch_options.selected(arguments, found, results.pictures)
    if not chosen:
        return 0  # it belongs to another shard
    (files,) = chosen
    reports = [each for each in (destination.file, arguments.report) if each and not report.is_stream(each)]
    with output_files.new_folders(results.folders):
        output_files.check([files.source], [*files.targets, *reports], force=force)
        with opened(arguments.report, extend=False) as lines:
            outcomes = Outcomes(
                context.console,
                several=False,
                summarise=options.summarise,
                quiet=options.quiet,
                with_scores=options.scores,
                lines=lines,
            )
            try:
                picture = read_picture(files.source)  # whose fault is named first
                for target in files.targets:
                    format_of(target)
                backend = load_backend()
                with context.console.overall_progress(files.source.name, quiet=options.quiet) as progress:
                    rendered = render(files, picture, options, backend, context, progress)
                    progress("write", 0.0, None)
                    outcome = write(
                        files, rendered, backend, context, force=force, report_file=destination.file
                    )
                    progress("write", 1.0, 0.0)
            except Cancelled:
                raise
            except Exception as error:
                outcomes.note_failure(files, error)
                raise
            outcomes.say(outcomes.note(files, outcome))
    destination.say(outcome.report, context.console)
    return outcomes.exit_code
