"""``retouchml beautify`` with many pictures."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from retouchml.cli import output_files, report
from retouchml.cli.backend import Backend
from retouchml.cli.batch import cluster
from retouchml.cli.batch import options as batch_options
from retouchml.cli.batch.outcomes import Outcomes
from retouchml.cli.batch.report_lines import opened
from retouchml.cli.batch.ride import Pool
from retouchml.cli.batch.run import Batch
from retouchml.cli.batch.storage import Storage
from retouchml.cli.context import Context
from retouchml.cli.output_files import OutputFiles
from retouchml.cli.retouch import Options
from retouchml.cli.sources import stopped
from retouchml.cli.staging import Staging
from retouchml.errors import Cancelled, DaemonLost
from retouchml.translation import marked


def run(
    arguments: argparse.Namespace,
    context: Context,
    options: Options,
    model: str,
    engine: str,
    precision: str,
    load_backend: Callable[[], Backend],
    load_pool: "Callable[[], Pool] | None" = None,
) -> int:
    """Retouch all pictures; the worst of their exit codes.

    model: "" for that of another machine, which is then asked before anything is judged; load_pool: makes
    what retouches in place of a backend, and wants the bytes of each file

    Raises Cancelled if it is stopped, and UsageError and PictureError for what is wrong with all of it.
    """
    from pipeline.pictures import check_folder

    unreadable: list[OSError] = []
    results = [
        Path(each) for each in (arguments.output, arguments.compare, arguments.layer) if each is not None
    ]
    storage: Storage = arguments.storage
    found = batch_options.inputs(arguments, results, unreadable.append)
    outputs = batch_options.outputs(arguments, found, several=True)
    pictures = batch_options.selected(arguments, found, outputs.pictures) if found else []
    destination = report.Destination.of(arguments.json)
    if not model:  # another machine's, which alone knows it
        there = load_backend()
        model, load_backend = there.model, lambda: there
    judge = batch_options.judge(
        arguments, options.looks, options.faces, options.only, model, engine, precision, options.scorer
    )
    forced, extend = judge.existing == "replace", judge.existing == "skip"
    storage.open_results(outputs.folders)
    with (
        output_files.new_folders(outputs.folders),
        storage.kept(destination.file),
        storage.kept(arguments.report) as save_report,
    ):
        sources = [each.path for each in found]
        targets = [target for files in outputs.pictures for target in files.targets]
        for file, may_exist in ((destination.file, forced), (arguments.report, forced or extend)):
            if file is not None and not report.is_stream(file):
                output_files.check(sources, [file], force=may_exist)
                targets.append(file)
        output_files.check_distinct(sources, targets)
        for folder in outputs.folders:
            check_folder(folder)
        with (
            storage.journal(Path(arguments.output)) as journal,
            opened(arguments.report, extend=extend, on_line=save_report) as lines,
        ):
            outcomes = Outcomes(
                context.console,
                several=True,
                summarise=options.summarise,
                quiet=options.quiet,
                with_scores=options.scores,
                lines=lines,
                keep_reports=arguments.json is not None,
                told=storage.told,
            )
            for error in unreadable:
                outcomes.add_unreadable_folder(error)
            batch = Batch(
                options,
                context,
                load_backend,
                outcomes,
                journal,
                judge,
                look_ahead=arguments.watch is None,
                read=None if load_pool is None else cluster.read_bytes,
                load_pool=load_pool,
                storage=storage,
            )
            _run(batch, arguments, context, pictures, results, outcomes)
        if destination.file is not None:
            with Staging(force=forced) as staging:
                staging.write_text(destination.file, report.text(outcomes.reports) + "\n")
                staging.commit()
    destination.say(outcomes.reports, context.console)
    if options.summarise and outcomes.summary():
        context.console.print(outcomes.summary())
    return outcomes.exit_code


def _run(
    batch: Batch,
    arguments: argparse.Namespace,
    context: Context,
    pictures: Sequence[OutputFiles],
    results: "list[Path]",
    outcomes: Outcomes,
) -> None:
    is_watching = arguments.watch is not None
    total = None if is_watching else len(pictures)
    try:
        batch.run(_arriving(arguments, results) if is_watching else pictures, total)
    except (Cancelled, KeyboardInterrupt) as error:
        raise stopped(outcomes.done, total, _again(arguments)) from error
    except DaemonLost:
        context.console.complain(_again(arguments))
        raise


def _again(arguments: argparse.Namespace) -> str:
    """How to go on after the command was stopped."""
    if arguments.watch is not None:
        return ""
    if arguments.force:
        return marked("To go on, give the same command with `--existing skip` in place of `--force`.")
    return marked("To go on, give the same command with `--existing skip`.")


def _arriving(arguments: argparse.Namespace, results: "list[Path]") -> Iterator[OutputFiles]:
    for each in batch_options.arrivals(arguments, results):
        yield from batch_options.outputs(arguments, [each], several=True).pictures
