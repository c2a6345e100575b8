"""``retouchml edits``: the manual sliders and their ranges."""

import argparse

from retouchml.commands.context import Context, Subparsers, add_engine_options


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "edits",
        help="the manual sliders, their ranges",
        description="List the manual edits of a model, as `retouchml beautify --edit NAME=VALUE` takes them.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_engine_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the edits of a model."""
    settings = context.settings()
    engine = context.engine(arguments.model or settings.model, arguments.device or "cpu")
    if arguments.json:
        from retouchml.commands import report

        listed = [
            {"name": edit.name, "low": edit.low, "high": edit.high, "description": edit.description}
            for edit in engine.edits
        ]
        context.console.print(report.text(listed))
        return 0
    width = max((len(edit.name) for edit in engine.edits), default=0)
    for edit in engine.edits:
        context.console.print(f"{edit.name:{width}}  {edit.low:g} to {edit.high:g}  {edit.description}")
    return 0
