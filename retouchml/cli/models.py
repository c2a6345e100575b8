"""``retouchml models``: the zoo's models on this machine."""

import argparse

from retouchml.cli.context import Context, Subparsers, add_quiet_option, path
from retouchml.errors import ModelCorrupt, UsageError

_MEGABYTE = 1e6


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command and what can be done with models."""
    parser = subparsers.add_parser(
        "models",
        help="list, fetch, import, verify, remove models",
        description="The models: what there is, what is on this machine, what its licence allows.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    listing = actions.add_parser("list", help="every model the zoo knows", allow_abbrev=False)
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=list_models)

    fetch = actions.add_parser("fetch", help="download models", allow_abbrev=False)
    fetch.add_argument("names", nargs="*", metavar="NAME", help="default: those that retouching needs")
    fetch.add_argument("--default", action="store_true", help="those that retouching needs, too")
    add_quiet_option(fetch)
    fetch.set_defaults(run=fetch_models)

    importing = actions.add_parser("import", help="take over a network of your own", allow_abbrev=False)
    importing.add_argument("file", type=path, metavar="FILE")
    importing.add_argument("--name", metavar="NAME", help="what to call it (default: like the file)")
    add_quiet_option(importing)
    importing.set_defaults(run=import_model)

    verify = actions.add_parser("verify", help="compare models with their checksums", allow_abbrev=False)
    verify.add_argument("names", nargs="*", metavar="NAME", help="which (default: all that are here)")
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

        listed = [
            {
                "name": model.name,
                "title": model.title,
                "licence": model.licence,
                "size": model.size,
                "installed": zoo.is_installed(model.name),
                "default": model.default,
                "source": model.source,
                "imported": model.imported,
            }
            for model in zoo.models()
        ]
        context.console.print(report.text(listed))
        return 0
    width = max(len(model.name) for model in zoo.models())
    for model in zoo.models():
        state = "installed" if zoo.is_installed(model.name) else "not here"
        size = f"{model.size / _MEGABYTE:.0f} MB"
        context.console.print(f"{model.name:{width}}  {state:9}  {size:>6}  {model.title}")
        context.console.print(f"{'':{width}}  licence: {model.licence}")
    return 0


def fetch_models(arguments: argparse.Namespace, context: Context) -> int:
    """Download what is not here yet, with whatever else it needs."""
    from stylegan2 import zoo

    names: list[str] = list(arguments.names)
    if arguments.default or not names:
        names += zoo.defaults()
    for name in names:  # grows: a model's own needs are appended
        names += [needed for needed in zoo.find(name).needs if needed not in names]
    for name in dict.fromkeys(names):
        with (
            context.console.progress(name, quiet=arguments.quiet) as progress,
            context.interrupt.polled() as cancel,
        ):
            zoo.fetch(name, progress=progress, cancel=cancel)
        if not arguments.quiet:
            context.console.print(f"{name} is in {zoo.folder(name)}.")
    return 0


def import_model(arguments: argparse.Namespace, context: Context) -> int:
    """Read a network's file as data, and keep it as a model of the user's."""
    from stylegan2 import importing

    with context.console.progress(arguments.file.name, quiet=arguments.quiet) as progress:
        made = importing.import_network(arguments.file, arguments.name, progress)
    if not arguments.quiet:
        context.console.print(f"{made.name} is in {made.folder}.")
        context.console.print(f"{made.source}, {made.resolution} pixels, latent space {made.space}.")
    return 0


def verify_models(arguments: argparse.Namespace, context: Context) -> int:
    """Compare models with their checksums."""
    from stylegan2 import zoo

    names = arguments.names or [model.name for model in zoo.models() if zoo.is_installed(model.name)]
    if not names:
        context.console.print("No model is on this machine.")
    code = 0
    for name in names:
        try:
            zoo.verify(name)
        except ModelCorrupt as error:
            context.console.complain(error.explain())
            code = error.exit_code
        else:
            context.console.print(f"{name} is intact.")
    return code


def remove_models(arguments: argparse.Namespace, context: Context) -> int:
    """Delete models, after asking."""
    from stylegan2 import zoo

    names = [zoo.find(name).name for name in dict.fromkeys(arguments.names)]
    if not arguments.yes:
        answer = context.console.ask(f"Remove {', '.join(names)} from this machine? [y/N] ")
        if answer is None:
            raise UsageError("There is nobody to ask whether to remove models.", "Add --yes.")
        if answer.lower() not in ("y", "yes"):
            context.console.print("Nothing was removed.")
            return 0
    for name in names:
        removed = zoo.remove(name)
        context.console.print(f"{name} is removed." if removed else f"{name} was not here.")
    return 0
