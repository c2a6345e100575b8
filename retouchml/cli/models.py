"""``retouchml models``: the models of the zoo, and which of them are on this machine."""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from retouchml.cli.console import Console
from retouchml.cli.context import Context, Subparsers, add_quiet_option, path
from retouchml.errors import DownloadError, ModelCorrupt, UsageError
from retouchml.progress import Progress
from retouchml.system import setup_reports, terminal
from retouchml.translation import translated

_REPORTED_BYTES = 1_000_000
"""So many have to come until a set-up is told again."""


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command and its actions."""
    parser = subparsers.add_parser(
        "models",
        help="list, fetch, import, verify, remove models",
        description="List, fetch, import, verify and remove models, with their licences.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    list_ = actions.add_parser("list", help="show every model of the zoo", allow_abbrev=False)
    list_.add_argument("--json", action="store_true", help="print JSON")
    list_.set_defaults(run=list_models)

    fetch = actions.add_parser("fetch", help="download models", allow_abbrev=False)
    fetch.add_argument("names", nargs="*", metavar="NAME", help="default: those that retouching needs")
    fetch.add_argument("--default", action="store_true", help="also those that retouching needs")
    fetch.add_argument(
        "--from", dest="source", type=path, metavar="FILE", help="a copy of what would be downloaded for NAME"
    )
    add_quiet_option(fetch)
    fetch.set_defaults(run=fetch_models)

    import_ = actions.add_parser("import", help="add a network of your own", allow_abbrev=False)
    import_.add_argument("file", type=path, metavar="FILE")
    import_.add_argument("--name", metavar="NAME", help="its name here (default: the file's)")
    add_quiet_option(import_)
    import_.set_defaults(run=import_model)

    verify = actions.add_parser("verify", help="compare models with their checksums", allow_abbrev=False)
    verify.add_argument("names", nargs="*", metavar="NAME", help="default: all on this machine")
    verify.set_defaults(run=verify_models)

    remove = actions.add_parser("remove", help="delete models from this machine", allow_abbrev=False)
    remove.add_argument("names", nargs="+", metavar="NAME")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    remove.set_defaults(run=remove_models)


def list_models(arguments: argparse.Namespace, context: Context) -> int:
    """Print every model."""
    from stylegan2 import zoo

    if arguments.json:
        from retouchml.cli import report

        entries = [
            {
                "name": model.name,
                "title": model.title,
                "licence": model.licence,
                "size": model.size,
                "installed": zoo.is_installed(model.name),
                "default": model.default,
                "source": model.source,
                "imported": model.imported,
                "note": model.note,
            }
            for model in zoo.models()
        ]
        context.console.print(report.text(entries))
        return 0
    width = max(len(model.name) for model in zoo.models())
    states = translated("not here"), translated("installed")
    columns = max(map(terminal.width, states))
    for model in zoo.models():
        state = terminal.padded(states[zoo.is_installed(model.name)], columns)
        size = model.size_text
        context.console.print(f"{model.name:{width}}  {state}  {size:>6}  {model.title}")
        context.console.print(f"{'':{width}}  {translated('licence')}: {model.licence}")
        if model.imported and model.note:
            context.console.print(f"{'':{width}}  {translated('note')}: {model.note}")
    return 0


def fetch_models(arguments: argparse.Namespace, context: Context) -> int:
    """Download models that are not on this machine, and the models that they need.

    A default model that nobody named and that retouching can do without may be out of reach.
    """
    from stylegan2 import zoo

    names: list[str] = list(arguments.names)
    if arguments.source is not None and (len(names) != 1 or arguments.default):
        raise UsageError("--from is a copy of one model's file.", "Name that model, and no other.")
    if arguments.default or not names:
        names += zoo.defaults()
    for name in names:  # grows: the models that a model needs are appended
        names += [needed for needed in zoo.find(name).needs if needed not in names]
    with tempfile.TemporaryDirectory() as archives:
        _fetch(list(dict.fromkeys(names)), Path(archives), arguments, context)
    return 0


def _fetch(names: Sequence[str], archives: Path, arguments: argparse.Namespace, context: Context) -> None:
    """Download these models; archives: an empty folder for what several of them are made from."""
    from stylegan2 import zoo

    before = 0  # bytes of those that are done
    sources: set[str] = set()  # hashes of their archives
    for name in names:
        model = zoo.find(name)
        size = 0 if model.sha256 in sources else model.size
        try:
            with (
                context.console.progress(name, quiet=arguments.quiet) as bar,
                context.interrupt.polled() as cancel,
            ):
                progress = _reported(before, size, context.console) if setup_reports.are_wanted() else bar
                source = arguments.source if name in arguments.names else None
                zoo.fetch(name, source=source, archives=archives, progress=progress, cancel=cancel)
                before += size
                sources.add(model.sha256)
        except (DownloadError, ModelCorrupt) as error:
            lost = model.without
            if not lost or name in arguments.names:
                raise
            context.console.complain(
                f"{name} was not fetched: {error.message} Retouching works; {lost}. "
                f"`retouchml models fetch {name}` tries again."
            )
            continue
        if not arguments.quiet:
            context.console.say(f"{name} is in {zoo.folder(name)}.")


def _reported(before: int, size: int, console: Console) -> Progress:
    """Progress that says how many bytes came, for the set-up that started this; before: of other models."""
    reached = before

    def report(_stage: str, fraction: float, _remaining: float | None) -> None:
        nonlocal reached
        here = before + round(fraction * size)
        if here >= reached + _REPORTED_BYTES:
            reached = here
            console.print(setup_reports.line(fetched=here))
            console.flush()

    return report


def import_model(arguments: argparse.Namespace, context: Context) -> int:
    """Convert the file of a network to a model of the user's own."""
    from stylegan2.importing import import_network

    with context.console.progress(arguments.file.name, quiet=arguments.quiet) as progress:
        model = import_network(arguments.file, arguments.name, progress)
    if not arguments.quiet:
        context.console.say(f"{model.name} is in {model.folder}.")
        context.console.say(f"{model.source}, {model.resolution} pixels, latent space {model.space}.")
        for note in model.notes:
            context.console.say(note)
    return 0


def verify_models(arguments: argparse.Namespace, context: Context) -> int:
    """Compare models with their checksums."""
    from stylegan2 import zoo

    names = arguments.names or [model.name for model in zoo.models() if zoo.is_installed(model.name)]
    if not names:
        context.console.say("No model is on this machine.")
    code = 0
    for name in names:
        try:
            zoo.verify(name)
        except ModelCorrupt as error:
            context.console.complain(error.explain())
            code = error.exit_code
        else:
            context.console.say(f"{name} is intact.")
    return code


def remove_models(arguments: argparse.Namespace, context: Context) -> int:
    """Delete models, after asking."""
    from stylegan2 import zoo

    names = [zoo.find(name).name for name in dict.fromkeys(arguments.names)]
    if not arguments.yes:
        answer = context.console.ask(f"Remove {', '.join(names)} from this machine? [y/N] ")
        if answer is None:
            raise UsageError(
                "Removing models needs a confirmation, but there is no terminal to ask on.", "Add --yes."
            )
        if answer.lower() not in ("y", "yes"):
            context.console.say("Nothing was removed.")
            return 0
    for name in names:
        removed = zoo.remove(name)
        context.console.say(f"{name} is removed." if removed else f"{name} was not here.")
    return 0
